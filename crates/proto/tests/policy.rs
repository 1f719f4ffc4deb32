//! Grants as a person writes and reads them, and what they cover.

use proto::policy::{Grant, normal_path};
use proto::{Access, Policy};

#[test]
fn a_path_has_one_normal_form_or_none() {
    for (path, normal) in [
        ("/", "/"),
        ("//", "/"),
        ("/.", "/"),
        ("/srv/app", "/srv/app"),
        ("/srv/app/", "/srv/app"),
        ("/srv//app/./conf", "/srv/app/conf"),
        ("/...", "/..."),
    ] {
        assert_eq!(normal_path(path).as_deref(), Some(normal), "{path}");
    }
    for path in ["", "srv", "./srv", "/srv/../etc", "/..", "/a\0b"] {
        assert_eq!(normal_path(path), None, "{path:?}");
    }
}

#[test]
fn a_granted_path_is_normal_however_it_was_written() {
    let grant: Grant = "write:/srv//app/./".parse().expect("a grant");
    assert_eq!(grant, Grant::Write("/srv/app".to_owned()));
    let policy = Policy {
        grants: vec![grant],
    };
    assert_eq!(
        policy.covering("/srv/app/conf", Access::Write),
        Some("/srv/app")
    );
    assert_eq!(policy.covering("/srv/apple", Access::Read), None);
}

#[test]
fn a_path_that_climbs_or_is_relative_is_no_grant() {
    for text in [
        "read:/srv/../etc",
        "write:/srv/..",
        "read:srv",
        "write:",
        "read:./x",
    ] {
        assert!(text.parse::<Grant>().is_err(), "{text}");
    }
}
