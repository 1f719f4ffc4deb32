//! Which paths a task takes, and which it must not remove.

use super::{check, is_of_the_system};

#[test]
fn takes_absolute_paths_only() {
    assert!(check("/etc/motd").is_ok());
    assert!(check("/").is_ok());
    assert!(check("/srv/..data/x").is_ok());
    for path in [
        "",
        "etc/motd",
        "~/x",
        "./x",
        "/srv/../etc",
        "/srv/..",
        "/a\0b",
    ] {
        assert!(check(path).is_err(), "{path:?}");
    }
}

#[test]
fn knows_the_directories_of_the_system_in_any_spelling() {
    for path in ["/", "//", "/.", "/etc", "/etc/", "//usr/./lib", "/var/lib/"] {
        assert!(is_of_the_system(path), "{path}");
    }
    for path in [
        "/etc/motd",
        "/srv/app",
        "/home/ada",
        "/scratch",
        "/usr/lib/app",
    ] {
        assert!(!is_of_the_system(path), "{path}");
    }
}
