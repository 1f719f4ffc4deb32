//! Other root directories of the same machine: `nsenter` and `chroot`.

use super::{command, refused};

#[test]
fn nsenter_enters_all_namespaces_and_the_root() {
    assert_eq!(
        command("nsenter:42"),
        "nsenter --target 42 --all --root --wd -- STAGE"
    );
    for text in ["nsenter:0", "nsenter:web", "nsenter:4294967296"] {
        assert!(
            refused(text).contains("is not the id of a process"),
            "{text}"
        );
    }
    assert!(refused("nsenter").contains("it needs the id of a process"));
}

#[test]
fn chroot_takes_a_directory() {
    assert_eq!(command("chroot:/srv/root"), "chroot /srv/root STAGE");
    assert_eq!(
        command("chroot:/srv/a%20b?user=web:web"),
        "chroot --userspec=web:web /srv/a b STAGE"
    );
    assert!(refused("chroot:srv").contains("is no absolute path"));
    assert!(refused("chroot").contains("it needs a directory"));
}
