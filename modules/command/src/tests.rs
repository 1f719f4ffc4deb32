//! Whole runs of the task on a machine in memory.

use guest_sdk::FailureKind;
use guest_sdk::command::Status;
use guest_sdk::testing::Machine;

use super::{Failure, Mode, Params, Report, run};

fn params(argv: &[&str]) -> Params {
    Params {
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
        stdin: None,
        env: None,
        chdir: None,
        creates: None,
        removes: None,
        timeout_ms: None,
        ok_status: None,
    }
}

fn machine() -> Machine {
    Machine::new()
        .with_program(&["hello"], Status::Exited(0), "hi\n", "")
        .with_program(&["grep", "x y"], Status::Exited(1), "", "nothing found\n")
}

fn apply(machine: &mut Machine, params: &Params) -> Result<Report, Failure> {
    machine.run(Mode::Apply, || run(params.clone(), Mode::Apply))
}

fn check(machine: &mut Machine, params: &Params) -> Result<Report, Failure> {
    machine.run(Mode::Check, || run(params.clone(), Mode::Check))
}

#[test]
fn a_run_counts_as_a_change() {
    let report = apply(&mut machine(), &params(&["hello"])).expect("it runs");
    assert!(report.outcome.changed);
    assert_eq!(report.outcome.summary, "ran `hello`");
    assert_eq!((report.status, report.stdout.as_str()), (Some(0), "hi\n"));
}

#[test]
fn check_runs_nothing() {
    let mut machine = machine();
    let report = check(&mut machine, &params(&["grep", "x y"])).expect("nothing can fail");
    assert!(report.outcome.changed);
    assert_eq!(report.outcome.summary, "would run `grep 'x y'`");
    assert_eq!(report.status, None);
    assert!(machine.journal().is_empty());
}

#[test]
fn a_status_that_means_failure_fails() {
    let failure = apply(&mut machine(), &params(&["grep", "x y"])).expect_err("status 1");
    assert_eq!(failure.kind, FailureKind::CommandFailed);
    assert_eq!(
        failure.message,
        "`grep 'x y'` ended with status 1: nothing found"
    );

    let wanted = Params {
        ok_status: Some(vec![0, 1]),
        ..params(&["grep", "x y"])
    };
    assert_eq!(
        apply(&mut machine(), &wanted).map(|report| report.status),
        Ok(Some(1))
    );
}

#[test]
fn creates_and_removes_skip_in_both_modes() {
    let creates = |path: &str| Params {
        creates: Some(path.to_owned()),
        ..params(&["hello"])
    };
    let removes = |path: &str| Params {
        removes: Some(path.to_owned()),
        ..params(&["hello"])
    };
    for (params, skipped) in [
        (creates("/there"), true),
        (creates("/missing"), false),
        (removes("/there"), false),
        (removes("/missing"), true),
    ] {
        let mut machine = machine().with_file("/there", "");
        for result in [check(&mut machine, &params), apply(&mut machine, &params)] {
            let report = result.expect("all is well");
            assert_eq!(report.outcome.changed, !skipped, "{params:?}");
            assert_eq!(
                report.outcome.summary.starts_with("skipped: "),
                skipped,
                "{params:?}"
            );
        }
    }
}

#[test]
fn refusals() {
    let hello = || params(&["hello"]);
    for wrong in [
        params(&[]),
        params(&[""]),
        params(&["./run"]),
        params(&["bin/run"]),
        Params {
            ok_status: Some(Vec::new()),
            ..hello()
        },
        Params {
            env: Some(vec![("A=B".to_owned(), String::new())]),
            ..hello()
        },
        Params {
            chdir: Some("somewhere".to_owned()),
            ..hello()
        },
        Params {
            creates: Some("../x".to_owned()),
            ..hello()
        },
    ] {
        let failure = apply(&mut machine(), &wrong).expect_err("the parameters are wrong");
        assert_eq!(failure.kind, FailureKind::InvalidParams, "{wrong:?}");
    }
    let missing = apply(&mut machine(), &params(&["no-such-program"])).expect_err("no program");
    assert_eq!(missing.kind, FailureKind::NotFound);
    assert_eq!(
        missing.message,
        "cannot run `no-such-program`: no such program"
    );
}

#[test]
fn output_that_is_not_utf_8_is_shown_as_well_as_it_can_be() {
    assert_eq!(super::text(b"a\xffb".to_vec()), "a\u{fffd}b");
}
