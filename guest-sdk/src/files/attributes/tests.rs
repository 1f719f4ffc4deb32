//! When mode and owner differ, and how that is said.

use super::{Attributes, Metadata, summary};
use crate::FailureKind;
use crate::files::Kind;

fn roots_file() -> Metadata {
    Metadata {
        kind: Kind::File,
        size: 0,
        mode: 0o644,
        uid: 0,
        gid: 7,
        owner: Some("root".to_owned()),
        group: None,
        modified_ns: 0,
        links: 1,
        device: 1,
        inode: 1,
    }
}

fn wanted(mode: Option<&str>, owner: Option<&str>, group: Option<&str>) -> Attributes {
    Attributes::parse(mode, owner.map(str::to_owned), group.map(str::to_owned))
        .expect("valid attributes")
}

#[test]
fn what_is_as_asked_does_not_change() {
    for same in [
        wanted(None, None, None),
        wanted(Some("0644"), Some("root"), Some("7")),
        wanted(Some("644"), Some("0"), None),
    ] {
        assert!(same.changes("/f", &roots_file()).is_empty(), "{same:?}");
    }
}

#[test]
fn each_difference_is_a_change_of_its_own() {
    let changes = wanted(Some("0600"), Some("ada"), Some("staff")).changes("/f", &roots_file());
    assert_eq!(
        summary(&changes),
        "mode 0644 -> 0600, owner root -> ada, group 7 -> staff"
    );
    assert_eq!(changes[0].subject, "/f mode");
}

#[test]
fn bad_parameters_are_told_apart_from_other_failures() {
    assert_eq!(
        Attributes::parse(Some("rw"), None, None).map_err(|failure| failure.kind),
        Err(FailureKind::InvalidParams)
    );
    assert!(Attributes::parse(None, Some(String::new()), None).is_err());
}
