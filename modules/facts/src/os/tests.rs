//! Families of distributions.

use super::{describe, family};

#[test]
fn families_come_from_the_id_or_from_the_relatives() {
    for (id, like, expected) in [
        ("debian", "", "debian"),
        ("ubuntu", "debian", "debian"),
        ("linuxmint", "ubuntu debian", "debian"),
        ("rocky", "rhel centos fedora", "redhat"),
        ("fedora", "", "redhat"),
        ("opensuse-leap", "suse opensuse", "suse"),
        ("endeavouros", "arch", "arch"),
        ("alpine", "", "alpine"),
        ("nixos", "", "nixos"),
        ("", "", ""),
    ] {
        assert_eq!(family(id, like), expected, "{id} like {like}");
    }
}

#[test]
fn what_os_release_does_not_say_is_empty() {
    let os = describe(&[("ID".to_owned(), "arch".to_owned())]);
    assert_eq!(
        (
            os.family.as_str(),
            os.version.as_str(),
            os.pretty_name.as_str()
        ),
        ("arch", "", "")
    );
}
