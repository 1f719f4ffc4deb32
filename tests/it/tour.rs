//! `zymogen deploy` without a plan: the first thing that anybody runs.

use crate::support::{finished, zymogen};

#[test]
fn the_second_run_changes_nothing_and_says_so() {
    let elsewhere = tempfile::tempdir().unwrap();
    let tour = |arguments: &[&str]| {
        let output = zymogen()
            .current_dir(elsewhere.path())
            .env("XDG_RUNTIME_DIR", elsewhere.path())
            .arg("deploy")
            .args(arguments)
            .output()
            .unwrap();
        finished(&output)
    };
    tour(&[]).status(0).stdout_has(&["changed"]);
    tour(&[]).status(0).stdout_has(&["nothing changed"]);
    let events = tour(&["-o", "json"]).status(0).json();
    let finished: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "task_finished")
        .collect();
    assert!(finished.len() >= 5, "{events:?}");
    for task in finished {
        assert!(
            task["status"] == "ok" || task["status"] == "skipped",
            "{task}"
        );
    }
}

#[test]
fn stdout_that_is_closed_early_is_no_error() {
    use std::process::{Command, Stdio};
    let elsewhere = tempfile::tempdir().unwrap();
    let mut deploy = zymogen()
        .current_dir(elsewhere.path())
        .env("XDG_RUNTIME_DIR", elsewhere.path())
        .args(["deploy", "-o", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let head = Command::new("head")
        .args(["-n", "1"])
        .stdin(deploy.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(head.stdout.starts_with(b"{"));
    let run = finished(&deploy.wait_with_output().unwrap());
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    assert!([0, 141].contains(&run.status), "{run:?}");
}
