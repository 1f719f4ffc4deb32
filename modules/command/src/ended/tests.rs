//! Messages about programs that failed.

use super::*;

fn finished(status: Status, stdout: &str, stderr: &str) -> Finished {
    Finished {
        status,
        stdout: stdout.into(),
        stderr: stderr.into(),
    }
}

fn message(finished: &Finished, timeout_ms: Option<u64>) -> String {
    status("prog", finished, &[0], timeout_ms)
        .expect_err("it failed")
        .message
}

#[test]
fn a_status_in_the_list_is_a_success() {
    assert_eq!(
        status(
            "prog",
            &finished(Status::Exited(0), "", "noise"),
            &[0],
            None
        ),
        Ok(0)
    );
    assert_eq!(
        status("prog", &finished(Status::Exited(3), "", ""), &[0, 3], None),
        Ok(3)
    );
    assert!(status("prog", &finished(Status::Exited(0), "", ""), &[1], None).is_err());
}

#[test]
fn the_message_quotes_the_last_lines_of_stderr() {
    let failed = finished(Status::Exited(2), "out", "one\ntwo\n\n  three\r\nfour\n");
    assert_eq!(
        message(&failed, None),
        "`prog` ended with status 2: two | three | four"
    );
}

#[test]
fn without_stderr_it_quotes_stdout() {
    assert_eq!(
        message(&finished(Status::Exited(1), "sorry\n", " \n"), None),
        "`prog` ended with status 1: sorry"
    );
    assert_eq!(
        message(&finished(Status::Exited(1), "", ""), None),
        "`prog` ended with status 1 and said nothing"
    );
}

#[test]
fn long_lines_are_cut_between_characters() {
    let failed = finished(Status::Exited(1), "", &"é".repeat(1000));
    assert_eq!(
        message(&failed, None),
        format!("`prog` ended with status 1: {}...", "é".repeat(200))
    );
}

#[test]
fn signals_and_time_limits_are_told() {
    assert_eq!(
        message(&finished(Status::Signalled(9), "", ""), None),
        "`prog` was ended by signal 9 and said nothing"
    );
    assert_eq!(
        message(&finished(Status::TimedOut, "half\n", ""), Some(1500)),
        "`prog` was killed after 1500 ms: half"
    );
}
