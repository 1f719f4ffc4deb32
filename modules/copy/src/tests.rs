//! Whole runs of the task on a machine in memory.

use guest_sdk::testing::Machine;
use guest_sdk::{FailureKind, Source};

use super::{Failure, Mode, Params, Report, run};

fn params(path: &str) -> Params {
    Params {
        path: path.to_owned(),
        src: None,
        content: None,
        mode: None,
        owner: None,
        group: None,
    }
}

fn text(path: &str, content: &str) -> Params {
    Params {
        content: Some(content.to_owned()),
        ..params(path)
    }
}

fn source(path: &str, source: &Source) -> Params {
    Params {
        src: Some(source.clone()),
        ..params(path)
    }
}

fn check(machine: &mut Machine, params: &Params) -> Result<Report, Failure> {
    machine.run(Mode::Check, || run(params.clone(), Mode::Check))
}

fn apply(machine: &mut Machine, params: &Params) -> Result<Report, Failure> {
    machine.run(Mode::Apply, || run(params.clone(), Mode::Apply))
}

/// Check and apply say the same, and a second run has nothing left to do.
fn converges(machine: &mut Machine, params: &Params) -> Report {
    let would = check(machine, params).expect("check goes well");
    let did = apply(machine, params).expect("apply goes well");
    assert_eq!(would, did);
    assert!(did.outcome.changed);
    let again = apply(machine, params).expect("the second run goes well");
    assert!(!again.outcome.changed, "{:?}", again.outcome);
    did
}

#[test]
fn text_becomes_a_file() {
    let mut machine = Machine::new();
    let report = converges(
        &mut machine,
        &Params {
            mode: Some("0600".to_owned()),
            ..text("/f", "hello\n")
        },
    );
    assert_eq!(report.outcome.summary, "created, 6 bytes");
    assert_eq!(report.outcome.changes.len(), 1);
    assert_eq!(report.outcome.changes[0].after.as_deref(), Some("hello\n"));
    assert!(!report.existed);
    assert_eq!(machine.text("/f"), Some("hello\n"));
    assert_eq!(machine.node("/f").map(|node| node.mode), Some(0o600));
}

#[test]
fn a_file_of_the_same_length_is_compared() {
    let mut machine = Machine::new().with_file("/f", "hello\n");
    let report = converges(&mut machine, &text("/f", "HELLO\n"));
    let change = &report.outcome.changes[0];
    assert_eq!(
        (change.before.as_deref(), change.after.as_deref()),
        (Some("hello\n"), Some("HELLO\n"))
    );
}

#[test]
fn an_empty_file_can_be_asked_for() {
    let mut machine = Machine::new().with_file("/f", "x");
    converges(&mut machine, &text("/f", ""));
    assert_eq!(machine.text("/f"), Some(""));
}

#[test]
fn an_unchanged_file_transfers_nothing() {
    let mut machine = Machine::new().with_file("/f", "hello\n");
    let params = source("/f", &machine.source("files/f", "hello\n"));
    let report = apply(&mut machine, &params).expect("all is well");
    assert!(!report.outcome.changed);
    assert_eq!(machine.journal(), ["stat /f", "digest /f"]);
}

#[test]
fn a_source_replaces_a_file_and_shows_both_texts() {
    let mut machine = Machine::new().with_file("/f", "old\n");
    let params = source("/f", &machine.source("files/f", "new text\n"));
    let report = converges(&mut machine, &params);
    assert_eq!(report.outcome.summary, "content replaced, 4 -> 9 bytes");
    let change = &report.outcome.changes[0];
    assert_eq!(
        (change.before.as_deref(), change.after.as_deref()),
        (Some("old\n"), Some("new text\n"))
    );
    assert_eq!(machine.text("/f"), Some("new text\n"));
}

#[test]
fn what_is_long_or_no_text_is_not_shown() {
    let long = "x".repeat(64 * 1024 + 1);
    let binary = b"\xff\xfe".as_slice();
    for (before, after) in [
        ("old".as_bytes(), long.as_bytes()),
        (long.as_bytes(), b"new"),
        (b"old", binary),
        (binary, b"new"),
    ] {
        let mut machine = Machine::new().with_file("/f", before);
        let params = source("/f", &machine.source("f", after));
        let report = converges(&mut machine, &params);
        let change = &report.outcome.changes[0];
        assert_eq!(
            (change.before.as_ref(), change.after.as_ref()),
            (None, None)
        );
        assert_eq!(
            machine.node("/f").and_then(|node| node.content()),
            Some(after)
        );
    }
}

#[test]
fn a_long_source_is_not_read_by_the_guest() {
    let mut machine = Machine::new().with_file("/f", "old");
    let params = source("/f", &machine.source("f", "x".repeat(100_000)));
    apply(&mut machine, &params).expect("all is well");
    assert_eq!(machine.journal(), ["stat /f", "read /f", "replace /f"]);
}

#[test]
fn mode_and_owner_alone_are_set_without_a_write() {
    let mut machine = Machine::new().with_file("/f", "same");
    let wanted = Params {
        mode: Some("0600".to_owned()),
        group: Some("staff".to_owned()),
        ..text("/f", "same")
    };
    let report = apply(&mut machine, &wanted).expect("all is well");
    assert_eq!(
        report.outcome.summary,
        "mode 0644 -> 0600, group root -> staff"
    );
    assert_eq!(
        machine.journal(),
        ["stat /f", "read /f", "set-attributes /f"]
    );
}

#[test]
fn content_and_mode_change_in_one_step() {
    let mut machine = Machine::new().with_file("/f", "old");
    let wanted = Params {
        mode: Some("0600".to_owned()),
        ..text("/f", "new!")
    };
    let report = converges(&mut machine, &wanted);
    assert_eq!(
        report.outcome.summary,
        "content replaced, 3 -> 4 bytes, mode 0644 -> 0600"
    );
    assert_eq!(report.outcome.changes.len(), 2);
}

#[test]
fn refusals() {
    let some = Machine::new().source("f", "x");
    for (params, kind) in [
        (params("/f"), FailureKind::InvalidParams),
        (
            Params {
                content: Some(String::new()),
                ..source("/f", &some)
            },
            FailureKind::InvalidParams,
        ),
        (text("f", ""), FailureKind::InvalidParams),
        (
            Params {
                mode: Some("644x".to_owned()),
                ..text("/f", "")
            },
            FailureKind::InvalidParams,
        ),
        (text("/d", ""), FailureKind::Conflict),
        (text("/l", ""), FailureKind::Conflict),
    ] {
        let mut machine = Machine::new().with_directory("/d").with_symlink("/l", "/f");
        assert_eq!(
            apply(&mut machine, &params).map_err(|failure| failure.kind),
            Err(kind),
            "{params:?}"
        );
    }
}
