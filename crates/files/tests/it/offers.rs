//! What is offered, and what is not.

use crate::support::{Disk, read, write};
use files::{Access, FileError, Reader, Registry};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

#[test]
fn paths_that_nobody_can_mean_are_refused_with_their_rule() {
    let disk = Disk::new();
    for registry in disk.registries() {
        let above = disk.path("offered/../secret/key");
        let inside = disk.path("offered/a/../b");
        let zero = disk.path("offered/a\0b");
        for (path, rule) in [
            (Path::new(""), "must not be empty"),
            (Path::new("etc/passwd"), "must be absolute"),
            (&above, "must not contain `..`"),
            (&inside, "must not contain `..`"),
            (&zero, "must not contain zero bytes"),
        ] {
            let error = read(&registry, path).unwrap_err();
            assert!(
                matches!(&error, FileError::Path { must, .. } if *must == rule),
                "{error}"
            );
            let error = write(&registry, path, b"").unwrap_err();
            assert!(error.to_string().contains(rule), "{error}");
        }
    }
}

#[test]
fn only_what_is_strictly_below_is_offered() {
    let disk = Disk::new();
    std::fs::create_dir(disk.path("offered-not")).unwrap();
    std::fs::write(disk.path("offered-not/a"), "a").unwrap();
    for registry in disk.registries() {
        for below in ["secret/key", "offered-not/a", "offered", "offered/", ""] {
            let path = disk.path(below);
            let error = read(&registry, &path).unwrap_err();
            assert!(
                matches!(
                    error,
                    FileError::NotOffered {
                        access: Access::Read,
                        ..
                    }
                ),
                "{error}"
            );
            let error = write(&registry, &path, b"").unwrap_err();
            assert!(
                matches!(
                    error,
                    FileError::NotOffered {
                        access: Access::Write,
                        ..
                    }
                ),
                "{error}"
            );
        }
    }
    assert_eq!(std::fs::read(disk.path("secret/key")).unwrap(), b"secret");
}

#[test]
fn reading_and_writing_are_offered_separately() {
    let disk = Disk::new();
    let (file, outbox) = (disk.path("offered/a"), disk.path("offered"));
    std::fs::write(&file, "a").unwrap();
    let mut registry = Registry::new();
    registry.offer_prefix(&outbox, Access::Read).unwrap();
    assert_eq!(read(&registry, &file).unwrap(), b"a");
    let error = write(&registry, &file, b"b").unwrap_err();
    assert!(
        error.to_string().contains("not offered for writing"),
        "{error}"
    );

    let mut registry = Registry::new();
    registry.offer_prefix(&outbox, Access::Write).unwrap();
    write(&registry, &file, b"b").unwrap();
    let error = read(&registry, &file).unwrap_err();
    assert!(
        error.to_string().contains("not offered for reading"),
        "{error}"
    );
}

#[test]
fn one_file_is_offered_without_its_neighbours_and_as_it_is_replaced() {
    let disk = Disk::new();
    for mut registry in [Registry::new(), Registry::without_openat2()] {
        let file = disk.path("offered/a");
        std::fs::write(&file, "old").unwrap();
        std::fs::write(disk.path("offered/b"), "b").unwrap();
        registry.offer_file(&file).unwrap();
        assert_eq!(read(&registry, &file).unwrap(), b"old");
        std::fs::write(disk.path("offered/b"), "new").unwrap();
        std::fs::rename(disk.path("offered/b"), &file).unwrap();
        assert_eq!(read(&registry, &file).unwrap(), b"new");
        for other in ["offered/b", "offered", "offered/a/b"] {
            let error = read(&registry, &disk.path(other)).unwrap_err();
            assert!(matches!(error, FileError::NotOffered { .. }), "{error}");
        }
    }
}

#[test]
fn a_file_that_is_exchanged_for_a_link_is_not_followed() {
    let disk = Disk::new();
    for mut registry in [Registry::new(), Registry::without_openat2()] {
        let file = disk.path("offered/a");
        std::fs::write(&file, "a").unwrap();
        registry.offer_file(&file).unwrap();
        std::fs::write(disk.path("offered/b"), "b").unwrap();
        std::fs::remove_file(&file).unwrap();
        symlink("b", &file).unwrap();
        let error = read(&registry, &file).unwrap_err();
        assert!(matches!(error, FileError::Link { .. }), "{error}");
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn an_offered_link_is_what_it_led_to() {
    let disk = Disk::new();
    let link = disk.path("link");
    symlink("secret/key", &link).unwrap();
    let mut registry = Registry::new();
    registry.offer_file(&link).unwrap();
    std::fs::remove_file(&link).unwrap();
    symlink("/etc/passwd", &link).unwrap();
    assert_eq!(read(&registry, &link).unwrap(), b"secret");
}

#[test]
fn an_offered_directory_stays_the_one_that_it_was() {
    let disk = Disk::new();
    std::fs::write(disk.path("offered/key"), "public").unwrap();
    for registry in disk.registries() {
        std::fs::rename(disk.path("offered"), disk.path("moved")).unwrap();
        symlink("secret", disk.path("offered")).unwrap();
        assert_eq!(
            read(&registry, &disk.path("offered/key")).unwrap(),
            b"public"
        );
        write(&registry, &disk.path("offered/new"), b"new").unwrap();
        assert!(!disk.path("secret/new").exists());
        std::fs::remove_file(disk.path("moved/new")).unwrap();
        std::fs::remove_file(disk.path("offered")).unwrap();
        std::fs::rename(disk.path("moved"), disk.path("offered")).unwrap();
    }
}

#[test]
fn what_cannot_be_offered_is_an_error_at_once() {
    let disk = Disk::new();
    let mut registry = Registry::new();
    let error = registry.offer_file(disk.path("offered")).unwrap_err();
    assert!(
        matches!(
            error,
            FileError::NotRegular {
                what: "a directory",
                ..
            }
        ),
        "{error}"
    );
    let error = registry.offer_file("/").unwrap_err();
    assert!(matches!(error, FileError::NotRegular { .. }), "{error}");
    let error = registry.offer_file(disk.path("none")).unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
    let error = registry
        .offer_prefix(disk.path("none"), Access::Read)
        .unwrap_err();
    assert!(matches!(error, FileError::NotFound { .. }), "{error}");
    let error = registry
        .offer_prefix(disk.path("secret/key"), Access::Read)
        .unwrap_err();
    assert!(matches!(error, FileError::NotADirectory { .. }), "{error}");
    let error = registry.offer_prefix("relative", Access::Read).unwrap_err();
    assert!(matches!(error, FileError::Path { .. }), "{error}");
}

#[test]
fn what_is_withdrawn_is_no_longer_offered_but_a_transfer_goes_on() {
    let disk = Disk::new();
    let file = disk.path("offered/a");
    std::fs::write(&file, "a").unwrap();
    let mut registry = disk.registry();
    let mut reader = Reader::open(&registry, &file, 0).unwrap();
    assert!(registry.withdraw(disk.path("offered/")));
    assert!(!registry.withdraw(disk.path("offered")));
    assert!(matches!(
        read(&registry, &file),
        Err(FileError::NotOffered { .. })
    ));
    assert_eq!(&reader.next(9).unwrap()[..], b"a");
}

#[test]
fn the_root_can_be_offered_and_the_closest_offer_decides() {
    let disk = Disk::new();
    let mut registry = Registry::new();
    registry.offer_prefix("/", Access::Read).unwrap();
    assert_eq!(
        read(&registry, &disk.path("secret/key")).unwrap(),
        b"secret"
    );
    // A link out of the inner offer stays below the outer one, and is refused nevertheless.
    registry
        .offer_prefix(disk.path("offered"), Access::Read)
        .unwrap();
    symlink("../secret/key", disk.path("offered/link")).unwrap();
    let error = read(&registry, &disk.path("offered/link")).unwrap_err();
    assert!(matches!(error, FileError::Link { .. }), "{error}");
}

#[test]
fn names_need_not_be_text() {
    let disk = Disk::new();
    let path = disk.path("offered").join(OsStr::from_bytes(b"caf\xe9\n"));
    for registry in disk.registries() {
        write(&registry, &path, b"a").unwrap();
        assert_eq!(read(&registry, &path).unwrap(), b"a");
    }
}

#[test]
fn what_the_service_leaves_itself_is_not_offered() {
    let disk = Disk::new();
    let temporary = disk.temporary("a");
    std::fs::write(&temporary, "a part").unwrap();
    let shouted = disk.path("offered/.ZYMOGEN-0.PART");
    std::fs::write(&shouted, "a part").unwrap();
    for registry in disk.registries() {
        for path in [&temporary, &shouted] {
            let error = read(&registry, path).unwrap_err();
            assert!(error.to_string().contains("temporary file"), "{error}");
            let error = write(&registry, path, b"").unwrap_err();
            assert!(error.to_string().contains("temporary file"), "{error}");
        }
    }
}
