//! A file that becomes another one while it is read.

use crate::support::{Disk, read_on};
use files::{FileError, Reader};
use std::fs::{File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

/// More than a tick of the clock that file systems use.
const TICK: Duration = Duration::from_millis(30);

/// Reads half of a file, lets something happen to it, and reads the rest.
fn read_while(change: impl FnOnce(&Path)) -> Result<Vec<u8>, FileError> {
    let disk = Disk::new();
    let path = disk.path("offered/a");
    std::fs::write(&path, "0123456789").unwrap();
    let mut reader = Reader::open(&disk.registry(), &path, 0).unwrap();
    let mut all = reader.next(5).unwrap().to_vec();
    std::thread::sleep(TICK);
    change(&path);
    let (rest, _) = read_on(reader, 5)?;
    all.extend(rest);
    Ok(all)
}

fn why(change: impl FnOnce(&Path)) -> String {
    match read_while(change).unwrap_err() {
        FileError::Changed { what, .. } => what.to_owned(),
        error => panic!("{error}"),
    }
}

fn open(path: &Path) -> File {
    File::options().write(true).open(path).unwrap()
}

#[test]
fn a_file_that_nobody_touches_is_read() {
    assert_eq!(read_while(|_| {}).unwrap(), b"0123456789");
}

#[test]
fn a_file_that_shrinks_is_an_error() {
    // Before what was read, in what comes next, and only at the end.
    for len in [0, 5, 7] {
        let what = why(|path| open(path).set_len(len).unwrap());
        assert_eq!(what, "it is shorter now");
    }
}

#[test]
fn a_file_that_grows_is_an_error() {
    let what = why(|path| open(path).write_all_at(b"more", 10).unwrap());
    assert_eq!(what, "it is longer now");
}

#[test]
fn a_file_that_is_written_to_is_an_error() {
    let what = why(|path| open(path).write_all_at(b"x", 1).unwrap());
    assert_eq!(what, "it was written to");
}

#[test]
fn a_file_that_is_replaced_or_removed_is_an_error() {
    let what = why(|path| {
        std::fs::write(path.with_extension("new"), "9876543210").unwrap();
        std::fs::rename(path.with_extension("new"), path).unwrap();
    });
    assert!(what.contains("replaced"), "{what}");
    let what = why(|path| std::fs::remove_file(path).unwrap());
    assert!(what.contains("replaced"), "{what}");
}

#[test]
fn a_time_that_is_set_back_hides_nothing() {
    let what = why(|path| {
        let file = open(path);
        let before = file.metadata().unwrap().modified().unwrap();
        file.write_all_at(b"x", 1).unwrap();
        file.set_modified(before).unwrap();
    });
    assert!(what.contains("replaced"), "{what}");
}

#[test]
fn a_mode_that_is_changed_is_an_error() {
    let what = why(|path| {
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    });
    assert!(what.contains("mode"), "{what}");
}
