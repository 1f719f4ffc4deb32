//! Whole runs of the task on a machine in memory.

mod links;
mod refusals;

use guest_sdk::FailureKind;
use guest_sdk::files::Kind;
use guest_sdk::testing::Machine;

use super::{Failure, Mode, Params, Report, State, run};

fn params(path: &str, state: State) -> Params {
    Params {
        path: path.to_owned(),
        state: Some(state),
        mode: None,
        owner: None,
        group: None,
        target: None,
        original: None,
    }
}

fn check(machine: &mut Machine, params: &Params) -> Result<Report, Failure> {
    machine.run(Mode::Check, || run(params.clone(), Mode::Check))
}

fn apply(machine: &mut Machine, params: &Params) -> Result<Report, Failure> {
    machine.run(Mode::Apply, || run(params.clone(), Mode::Apply))
}

/// Runs the task in each way: check and apply say the same, and a second run has nothing left to do.
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
fn a_file_gets_mode_and_owner_in_one_step() {
    let mut machine = Machine::new().with_file("/f", "x");
    let wanted = Params {
        mode: Some("0600".to_owned()),
        owner: Some("ada".to_owned()),
        state: None,
        ..params("/f", State::File)
    };
    let report = converges(&mut machine, &wanted);
    assert_eq!(
        report.outcome.summary,
        "mode 0644 -> 0600, owner root -> ada"
    );
    assert_eq!(report.outcome.changes[0].subject, "/f mode");
    assert!(report.existed);
    let node = machine.node("/f").expect("the file is there");
    assert_eq!((node.mode, node.owner.as_str()), (0o600, "ada"));
}

#[test]
fn a_missing_file_is_not_made() {
    let failure =
        apply(&mut Machine::new(), &params("/f", State::File)).expect_err("nothing is there");
    assert_eq!(failure.kind, FailureKind::NotFound);
}

#[test]
fn a_directory_is_made_with_its_attributes() {
    let mut machine = Machine::new();
    let wanted = Params {
        mode: Some("0700".to_owned()),
        ..params("/srv/a/b", State::Directory)
    };
    let report = converges(&mut machine, &wanted);
    assert_eq!(report.outcome.summary, "directory made");
    assert!(!report.existed);
    assert_eq!(
        machine
            .node("/srv/a/b")
            .map(|node| (node.kind(), node.mode)),
        Some((Kind::Directory, 0o700))
    );
    assert_eq!(machine.node("/srv/a").map(|node| node.mode), Some(0o755));
}

#[test]
fn a_directory_goes_with_all_below_it() {
    let mut machine = Machine::new()
        .with_file("/srv/a/b/c", "x")
        .with_file("/srv/ab", "y");
    let report = converges(&mut machine, &params("/srv/a", State::Absent));
    assert_eq!(report.outcome.summary, "directory removed");
    assert_eq!(machine.node("/srv/a/b/c"), None);
    assert!(machine.node("/srv/ab").is_some());
}

#[test]
fn a_file_goes_and_nothing_follows_a_link() {
    let mut machine = Machine::new().with_file("/f", "x").with_symlink("/l", "/f");
    let report = converges(&mut machine, &params("/l", State::Absent));
    assert_eq!(
        report.outcome.changes[0].before.as_deref(),
        Some("symbolic link to /f")
    );
    assert!(machine.node("/f").is_some());
    converges(&mut machine, &params("/f", State::Absent));
}

#[test]
fn touch_always_changes_and_makes_what_is_missing() {
    let mut machine = Machine::new();
    let wanted = Params {
        mode: Some("0640".to_owned()),
        ..params("/t", State::Touch)
    };
    assert_eq!(
        check(&mut machine, &wanted)
            .map(|report| report.outcome.summary)
            .as_deref(),
        Ok("empty file made")
    );
    assert_eq!(machine.node("/t"), None);
    apply(&mut machine, &wanted).expect("touch makes the file");
    assert_eq!(machine.node("/t").map(|node| node.mode), Some(0o640));
    let again = apply(&mut machine, &wanted).expect("touch goes well");
    assert_eq!(again.outcome.summary, "touched");
    assert_eq!(machine.journal(), ["stat /t", "touch /t"]);
}
