//! Symbolic and hard links.

use super::*;

fn symlink(path: &str, target: &str) -> Params {
    Params {
        target: Some(target.to_owned()),
        ..params(path, State::Symlink)
    }
}

fn hard_link(path: &str, original: &str) -> Params {
    Params {
        original: Some(original.to_owned()),
        ..params(path, State::HardLink)
    }
}

#[test]
fn a_symbolic_link_is_made() {
    let mut machine = Machine::new();
    let report = converges(&mut machine, &symlink("/l", "../somewhere"));
    assert_eq!(report.outcome.summary, "link to ../somewhere made");
    assert_eq!(
        machine.node("/l").and_then(|node| node.target()),
        Some("../somewhere")
    );
}

#[test]
fn a_symbolic_link_is_turned() {
    let mut machine = Machine::new().with_symlink("/l", "/old");
    let wanted = Params {
        owner: Some("ada".to_owned()),
        ..symlink("/l", "/new")
    };
    let report = converges(&mut machine, &wanted);
    assert_eq!(report.outcome.summary, "link /old -> /new");
    let node = machine.node("/l").expect("the link is there");
    assert_eq!((node.target(), node.owner.as_str()), (Some("/new"), "ada"));
}

#[test]
fn a_file_in_the_way_of_a_link_stays() {
    let mut machine = Machine::new()
        .with_file("/l", "precious")
        .with_file("/f", "x");
    for wanted in [symlink("/l", "/f"), hard_link("/l", "/f")] {
        let failure = apply(&mut machine, &wanted).expect_err("the file is in the way");
        assert_eq!(failure.kind, FailureKind::Conflict);
        assert_eq!(machine.text("/l"), Some("precious"));
    }
}

#[test]
fn a_hard_link_is_another_name_of_the_same_file() {
    let mut machine = Machine::new().with_file("/f", "x");
    let report = converges(&mut machine, &hard_link("/l", "/f"));
    assert_eq!(report.outcome.summary, "hard link to /f made");
    assert_eq!(machine.text("/l"), Some("x"));
}

#[test]
fn a_hard_link_takes_the_mode_that_is_asked_for() {
    let mut machine = Machine::new().with_file("/f", "x");
    let wanted = Params {
        mode: Some("0600".to_owned()),
        ..hard_link("/l", "/f")
    };
    let report = converges(&mut machine, &wanted);
    assert_eq!(
        report.outcome.summary,
        "hard link to /f made, mode 0644 -> 0600"
    );
}

#[test]
fn a_hard_link_needs_a_file() {
    let mut machine = Machine::new().with_directory("/d");
    let missing = apply(&mut machine, &hard_link("/l", "/f")).expect_err("no original");
    assert_eq!(missing.kind, FailureKind::NotFound);
    let directory = apply(&mut machine, &hard_link("/l", "/d")).expect_err("a directory");
    assert_eq!(directory.kind, FailureKind::Conflict);
}
