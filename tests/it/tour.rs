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
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let elsewhere = tempfile::tempdir().unwrap();
    let mut deploy = zymogen()
        .current_dir(elsewhere.path())
        .env("XDG_RUNTIME_DIR", elsewhere.path())
        .args(["deploy", "-o", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first event comes before the slave is started, so that others follow.
    let mut first = String::new();
    let mut stdout = BufReader::new(deploy.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    drop(stdout);
    assert!(first.starts_with('{'), "{first}");
    let run = finished(&deploy.wait_with_output().unwrap());
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    assert_eq!(run.status, 141, "{run:?}");
}

#[test]
fn it_speaks_of_the_directory_that_it_was_given() {
    let elsewhere = tempfile::tempdir().unwrap();
    let scratch = elsewhere.path().join("my tour");
    let set = format!("scratch={}", scratch.display());
    let output = zymogen()
        .current_dir(elsewhere.path())
        .env("XDG_RUNTIME_DIR", elsewhere.path())
        .args(["deploy", "--check", "-e", &set])
        .output()
        .unwrap();
    let undo = format!("rm -r '{}'", scratch.display());
    let run = finished(&output).status(0);
    run.stderr_has(&[&format!("is in {}.", scratch.display()), &undo]);
}

#[test]
fn a_plan_that_cannot_be_read_is_no_reason_for_a_tour() {
    let here = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nowhere", here.path().join("deploy.toml")).unwrap();
    let output = zymogen()
        .current_dir(here.path())
        .arg("deploy")
        .output()
        .unwrap();
    finished(&output)
        .status(1)
        .stderr_has(&["cannot read the plan deploy.toml"]);
}
