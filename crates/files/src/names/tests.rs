//! Lines of /etc/passwd as they are found, broken ones included.

use super::{group_id, id, name, user_id, user_name};

const FILE: &[u8] = b"root:x:0:0:root:/root:/bin/sh\n\
    # a comment\n\
    broken\n\
    nobody:x:4294967295:0::/:\n\
    caf\xe9:x:7:7:\xff:/:\n\
    daemon:*:1:1::/:\n\
    other:*:1:1::/:\n";

#[test]
fn names_and_numbers_are_found_between_broken_lines() {
    assert_eq!(id(FILE, "root"), Some(0));
    assert_eq!(id(FILE, "daemon"), Some(1));
    assert_eq!(name(FILE, 1).as_deref(), Some("daemon"));
    assert_eq!(name(FILE, 7).as_deref(), Some("caf\u{fffd}"));
    assert_eq!(id(FILE, "broken"), None);
    assert_eq!(name(FILE, 2), None);
}

#[test]
fn the_number_that_means_nobody_is_no_id() {
    assert_eq!(id(FILE, "nobody"), None);
    assert_eq!(user_id("4294967295"), None);
    assert_eq!(group_id("4294967294"), Some(4_294_967_294));
    assert_eq!(group_id("4294967296"), None);
    assert_eq!(user_id("-1"), None);
}

#[test]
fn root_is_known_everywhere() {
    assert_eq!(user_id("root"), Some(0));
    assert_eq!(user_name(0).as_deref(), Some("root"));
}
