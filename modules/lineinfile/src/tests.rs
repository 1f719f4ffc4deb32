//! Whole runs of the task on a machine in memory.

use guest_sdk::FailureKind;
use guest_sdk::testing::Machine;

use super::{Failure, Mode, Params, Report, State, run};

fn params(path: &str) -> Params {
    Params {
        path: path.to_owned(),
        line: None,
        regexp: None,
        state: None,
        insert_after: None,
        insert_before: None,
        create: None,
        mode: None,
        owner: None,
        group: None,
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn line(line: &str) -> Params {
    Params {
        line: some(line),
        ..params("/f")
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
fn a_line_is_replaced() {
    let mut machine = Machine::new().with_file("/f", "#Port 1\nx\n");
    let report = converges(
        &mut machine,
        &Params {
            regexp: some("^#?Port "),
            ..line("Port 22")
        },
    );
    assert_eq!(
        (report.outcome.summary.as_str(), report.lines),
        ("line replaced", 1)
    );
    let change = &report.outcome.changes[0];
    assert_eq!(change.before.as_deref(), Some("#Port 1\nx\n"));
    assert_eq!(change.after.as_deref(), Some("Port 22\nx\n"));
    assert_eq!(machine.text("/f"), Some("Port 22\nx\n"));
}

#[test]
fn lines_are_added_where_the_parameters_say() {
    for (after, before, expected) in [
        (None, None, "a\nb\nnew\n"),
        (Some("EOF"), None, "a\nb\nnew\n"),
        (Some("^a"), None, "a\nnew\nb\n"),
        (None, Some("BOF"), "new\na\nb\n"),
        (None, Some("^b"), "a\nnew\nb\n"),
    ] {
        let mut machine = Machine::new().with_file("/f", "a\nb\n");
        let wanted = Params {
            insert_after: after.map(str::to_owned),
            insert_before: before.map(str::to_owned),
            ..line("new")
        };
        converges(&mut machine, &wanted);
        assert_eq!(machine.text("/f"), Some(expected), "{after:?} {before:?}");
    }
}

#[test]
fn lines_are_removed() {
    let mut machine = Machine::new().with_file("/f", "# a\nb\n# c\n");
    let wanted = Params {
        state: Some(State::Absent),
        regexp: some("^#"),
        ..params("/f")
    };
    let report = converges(&mut machine, &wanted);
    assert_eq!(
        (report.outcome.summary.as_str(), report.lines),
        ("2 lines removed", 2)
    );
    assert_eq!(machine.text("/f"), Some("b\n"));
}

#[test]
fn a_missing_file_is_made_only_if_asked_for() {
    let mut machine = Machine::new();
    let failure = apply(&mut machine, &line("x")).expect_err("there is no file");
    assert_eq!(failure.kind, FailureKind::NotFound);

    let wanted = Params {
        create: Some(true),
        mode: some("0600"),
        ..line("x")
    };
    let report = converges(&mut machine, &wanted);
    assert_eq!(report.outcome.changes[0].before, None);
    assert_eq!(machine.text("/f"), Some("x\n"));
    assert_eq!(machine.node("/f").map(|node| node.mode), Some(0o600));
}

#[test]
fn nothing_is_absent_from_a_missing_file() {
    let wanted = Params {
        state: Some(State::Absent),
        ..line("x")
    };
    let report = apply(&mut Machine::new(), &wanted).expect("all is well");
    assert!(!report.outcome.changed);
}

#[test]
fn mode_and_owner_alone_are_set_without_a_write() {
    let mut machine = Machine::new().with_file("/f", "x\n");
    let wanted = Params {
        mode: some("0600"),
        ..line("x")
    };
    let report = apply(&mut machine, &wanted).expect("all is well");
    assert_eq!(
        (report.outcome.summary.as_str(), report.lines),
        ("mode 0644 -> 0600", 0)
    );
    assert_eq!(
        machine.journal(),
        ["stat /f", "read /f", "set-attributes /f"]
    );
}

#[test]
fn of_a_long_file_only_the_line_is_shown() {
    let mut machine = Machine::new().with_file("/f", format!("old\n{}", "x\n".repeat(50_000)));
    let report = converges(
        &mut machine,
        &Params {
            regexp: some("^(old|new)$"),
            ..line("new")
        },
    );
    let change = &report.outcome.changes[0];
    assert_eq!(change.subject, "/f line");
    assert_eq!(
        (change.before.as_deref(), change.after.as_deref()),
        (Some("old"), Some("new"))
    );
}

#[test]
fn refusals() {
    let absent = || Params {
        state: Some(State::Absent),
        ..params("/f")
    };
    for (wrong, kind) in [
        (params("/f"), FailureKind::InvalidParams),
        (absent(), FailureKind::InvalidParams),
        (line("two\nlines"), FailureKind::InvalidParams),
        (
            Params {
                regexp: some("("),
                ..line("x")
            },
            FailureKind::InvalidParams,
        ),
        (
            Params {
                insert_after: some("["),
                ..line("x")
            },
            FailureKind::InvalidParams,
        ),
        (
            Params {
                insert_after: some("BOF"),
                ..line("x")
            },
            FailureKind::InvalidParams,
        ),
        (
            Params {
                insert_before: some("EOF"),
                ..line("x")
            },
            FailureKind::InvalidParams,
        ),
        (
            Params {
                insert_after: some("a"),
                insert_before: some("a"),
                ..line("x")
            },
            FailureKind::InvalidParams,
        ),
        (
            Params {
                line: some("x"),
                insert_after: some("a"),
                ..absent()
            },
            FailureKind::InvalidParams,
        ),
        (
            Params {
                path: "f".to_owned(),
                ..line("x")
            },
            FailureKind::InvalidParams,
        ),
        (
            Params {
                path: "/d".to_owned(),
                ..line("x")
            },
            FailureKind::Conflict,
        ),
        (
            Params {
                path: "/binary".to_owned(),
                ..line("x")
            },
            FailureKind::Conflict,
        ),
    ] {
        let mut machine = Machine::new()
            .with_directory("/d")
            .with_file("/f", "")
            .with_file("/binary", b"\xff");
        assert_eq!(
            apply(&mut machine, &wrong).map_err(|failure| failure.kind),
            Err(kind),
            "{wrong:?}"
        );
    }
}
