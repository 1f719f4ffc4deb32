//! A process that the operating system does not permit everything.

use crate::support::{Disk, digest, plan, read};
use files::{FileError, Plan, Registry, Wanted, Writer};
use rustix::fs::Uid;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Does something without the rights of root. Whoever has none does it as it is.
fn without_rights<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if rustix::process::geteuid().is_root() {
                let nobody = Uid::from_raw(65534);
                // Of this thread only: the others of the process stay what they are.
                rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
            }
            work()
        });
        thread.join().unwrap()
    })
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn is_denied(error: &FileError, path: &Path) -> bool {
    let kind = match error {
        FileError::Io { source, .. } => source.kind(),
        error => panic!("{error}"),
    };
    kind == std::io::ErrorKind::PermissionDenied
        && error.to_string().contains(path.to_str().unwrap())
}

#[test]
fn a_file_that_may_not_be_read_is_told_with_its_path() {
    let disk = Disk::new();
    let path = disk.path("offered/a");
    std::fs::write(&path, "a").unwrap();
    set_mode(&path, 0);
    for registry in disk.registries() {
        let error = without_rights(|| read(&registry, &path).unwrap_err());
        assert!(is_denied(&error, &path), "{error}");
    }
}

#[test]
fn a_directory_in_which_nothing_may_be_made_is_told_with_the_path() {
    let disk = Disk::new();
    let path = disk.path("offered/a");
    set_mode(&disk.path("offered"), 0o555);
    for registry in disk.registries() {
        let error = without_rights(|| Writer::open(&registry, &path, &plan(1)).err().unwrap());
        assert!(is_denied(&error, &path), "{error}");
    }
    set_mode(&disk.path("offered"), 0o755);
}

#[test]
fn an_owner_that_may_not_be_given_leaves_the_old_file() {
    let disk = Disk::new();
    let path = disk.path("offered/a");
    set_mode(&disk.path("offered"), 0o777);
    let registry = disk.registry();
    let plan = |owner: Option<&str>, resume| Plan {
        metadata: Wanted {
            owner: owner.map(str::to_owned),
            ..Wanted::default()
        },
        resume,
        ..plan(3)
    };
    let write = |registry: &Registry, plan: Plan| {
        let mut writer = Writer::open(registry, &path, &plan)?;
        writer.write(&b"new"[usize::try_from(writer.offset()).unwrap()..])?;
        writer.finish(digest(b"new"))
    };
    without_rights(|| {
        std::fs::write(&path, "old").unwrap();
        for resume in [false, true] {
            let error = write(&registry, plan(Some("4321"), resume)).unwrap_err();
            assert!(is_denied(&error, &path), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), b"old");
            // All of it came: whoever may try again need not send it again.
            assert_eq!(disk.temporary("a").exists(), resume);
        }
        let again = Writer::open(&registry, &path, &plan(None, true)).unwrap();
        assert_eq!(again.offset(), 3);
        again.finish(digest(b"new")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    });
}

#[test]
fn an_owner_that_the_file_has_anyway_may_be_wanted_by_anybody() {
    let disk = Disk::new();
    set_mode(&disk.path("offered"), 0o777);
    let registry = disk.registry();
    without_rights(|| {
        let me = rustix::process::geteuid().as_raw();
        let plan = Plan {
            metadata: Wanted {
                owner: Some(me.to_string()),
                ..Wanted::default()
            },
            ..plan(0)
        };
        let writer = Writer::open(&registry, disk.path("offered/a"), &plan).unwrap();
        assert_eq!(writer.finish(digest(b"")).unwrap().uid, me);
    });
}
