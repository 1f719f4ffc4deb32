//! What the task refuses, and that it refuses before it changes anything.

use super::*;

#[test]
fn parameters_that_contradict_each_other() {
    let contradictions = [
        params("relative", State::File),
        params("/a/../etc", State::Absent),
        params("/l", State::Symlink),
        params("/l", State::HardLink),
        Params {
            target: Some(String::new()),
            ..params("/l", State::Symlink)
        },
        Params {
            target: Some("/x".to_owned()),
            ..params("/f", State::File)
        },
        Params {
            target: Some("/x".to_owned()),
            ..params("/f", State::HardLink)
        },
        Params {
            original: Some("/x".to_owned()),
            ..params("/f", State::Symlink)
        },
        Params {
            original: Some("x".to_owned()),
            ..params("/f", State::HardLink)
        },
        Params {
            target: Some("/x".to_owned()),
            mode: Some("0777".to_owned()),
            ..params("/l", State::Symlink)
        },
        Params {
            mode: Some("0777".to_owned()),
            ..params("/l", State::Absent)
        },
        Params {
            mode: Some("rwx".to_owned()),
            ..params("/f", State::File)
        },
    ];
    for wrong in contradictions {
        let mut machine = Machine::new();
        let failure = apply(&mut machine, &wrong).expect_err("the parameters are wrong");
        assert_eq!(failure.kind, FailureKind::InvalidParams, "{wrong:?}");
        assert!(machine.journal().is_empty(), "{wrong:?}");
    }
}

#[test]
fn removing_what_belongs_to_the_system() {
    for path in ["/", "//", "/etc", "/usr/lib/", "/home"] {
        let mut machine = Machine::new();
        let failure = apply(&mut machine, &params(path, State::Absent)).expect_err("refused");
        assert_eq!(failure.kind, FailureKind::InvalidParams, "{path}");
        assert!(machine.journal().is_empty());
    }
}

#[test]
fn another_kind_in_the_way() {
    let machine = || {
        Machine::new()
            .with_directory("/d")
            .with_file("/f", "")
            .with_symlink("/l", "/f")
    };
    for (path, state) in [
        ("/d", State::File),
        ("/f", State::Directory),
        ("/l", State::File),
        ("/l", State::Directory),
        ("/l", State::Touch),
    ] {
        let mut machine = machine();
        let failure =
            apply(&mut machine, &params(path, state)).expect_err("something is in the way");
        assert_eq!(failure.kind, FailureKind::Conflict, "{path} {state:?}");
        assert!(failure.hint.is_some());
        assert!(
            machine
                .journal()
                .iter()
                .all(|call| call.starts_with("stat ") || call.starts_with("read-link "))
        );
    }
}
