//! Mode, owner and time: what is kept, what is wanted, and what cannot be.

use crate::support::{Disk, plan, write, write_as};
use files::{FileError, Metadata, Plan, Reader, Time, Wanted, Writer};
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn like(metadata: Wanted) -> Plan {
    Plan {
        metadata,
        ..plan(3)
    }
}

#[test]
fn a_new_file_is_the_writers_and_has_the_usual_mode() {
    let disk = Disk::new();
    let path = disk.path("offered/a");
    let told = write(&disk.registry(), &path, b"new").unwrap();
    let found = std::fs::metadata(&path).unwrap();
    assert_eq!(found.mode() & 0o7777, 0o644);
    assert_eq!(found.uid(), rustix::process::geteuid().as_raw());
    assert_eq!((told.mode, told.uid), (0o644, found.uid()));
    assert_eq!(told.modified.seconds, found.mtime());
}

#[test]
fn a_replaced_file_keeps_mode_and_owner_but_not_the_rights_of_its_owner() {
    let disk = Disk::new();
    let path = disk.path("offered/a");
    std::fs::write(&path, "old").unwrap();
    if is_root() {
        chown(&path, Some(4321), Some(1234)).unwrap();
    }
    std::fs::set_permissions(&path, Permissions::from_mode(0o6751)).unwrap();
    let before = std::fs::metadata(&path).unwrap();
    assert_eq!(before.mode() & 0o7777, 0o6751);
    write(&disk.registry(), &path, b"new").unwrap();
    let after = std::fs::metadata(&path).unwrap();
    assert_eq!(after.mode() & 0o7777, 0o751);
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino());
}

#[test]
fn what_is_wanted_is_given() {
    let disk = Disk::new();
    let path = disk.path("offered/a");
    let me = rustix::process::geteuid().as_raw();
    let my_group = rustix::process::getegid().as_raw();
    let (uid, gid) = if is_root() {
        (4321, 1234)
    } else {
        (me, my_group)
    };
    for mode in [0o600, 0o4755, 0o1640, 0] {
        let wanted = Wanted {
            mode: Some(mode),
            owner: Some(uid.to_string()),
            group: Some(gid.to_string()),
            modified: Some(Time {
                seconds: -3,
                nanoseconds: 500_000_000,
            }),
        };
        let told = write_as(&disk.registry(), &path, b"new", &like(wanted)).unwrap();
        let found = std::fs::metadata(&path).unwrap();
        assert_eq!(found.mode() & 0o7777, mode);
        assert_eq!((found.uid(), found.gid()), (uid, gid));
        assert_eq!((found.mtime(), found.mtime_nsec()), (-3, 500_000_000));
        assert_eq!((told.mode, told.uid, told.gid), (mode, uid, gid));
    }
}

#[test]
fn a_file_can_be_made_like_another() {
    let disk = Disk::new();
    let registry = disk.registry();
    let (one, other) = (disk.path("offered/a"), disk.path("offered/b"));
    std::fs::write(&one, "new").unwrap();
    std::fs::set_permissions(&one, Permissions::from_mode(0o4711)).unwrap();
    let metadata = |path| -> Metadata {
        let reader = Reader::open(&registry, path, 0).unwrap();
        reader.metadata().clone()
    };
    let wanted = metadata(&one);
    write_as(&registry, &other, b"new", &like(Wanted::like(&wanted))).unwrap();
    assert_eq!(metadata(&other), wanted);
}

#[test]
fn names_are_looked_up_and_unknown_ones_are_told_before_anything_comes() {
    let disk = Disk::new();
    let path = disk.path("offered/a");
    let reader_of = |name: &str| Wanted {
        owner: Some(name.to_owned()),
        ..Wanted::default()
    };
    if is_root() {
        let told = write_as(&disk.registry(), &path, b"new", &like(reader_of("root"))).unwrap();
        assert_eq!((told.uid, told.owner.as_deref()), (0, Some("root")));
    }
    let group = Wanted {
        group: Some("4294967295".to_owned()),
        ..Wanted::default()
    };
    for (wanted, kind) in [
        (reader_of("no such user"), "user"),
        (reader_of(""), "user"),
        (reader_of("-1"), "user"),
        (group, "group"),
    ] {
        let opened = Writer::open(&disk.registry(), &path, &like(wanted));
        let error = opened.err().unwrap();
        assert!(
            matches!(&error, FileError::UnknownName { kind: found, .. } if *found == kind),
            "{error}"
        );
    }
    assert!(!disk.temporary("a").exists());
}

#[test]
fn what_no_file_can_have_is_told_before_anything_comes() {
    let disk = Disk::new();
    let mode = Wanted {
        mode: Some(0o10_000),
        ..Wanted::default()
    };
    let late = Wanted {
        modified: Some(Time {
            seconds: 0,
            nanoseconds: 1_000_000_000,
        }),
        ..Wanted::default()
    };
    for wanted in [mode, late] {
        let opened = Writer::open(&disk.registry(), disk.path("offered/a"), &like(wanted));
        let error = opened.err().unwrap();
        assert!(matches!(error, FileError::Attribute { .. }), "{error}");
    }
    assert!(!disk.temporary("a").exists());
}
