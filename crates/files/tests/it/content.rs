//! Only the announced content takes the place of a file, and nobody sees it before.

use crate::support::{Disk, digest, plan, read, write};
use files::{FileError, Writer};

#[test]
fn a_content_is_seen_when_it_is_complete() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    std::fs::write(&path, "old").unwrap();
    let mut writer = Writer::open(&registry, &path, &plan(6)).unwrap();
    for piece in [&b"new"[..], b"", b"er!"] {
        writer.write(piece).unwrap();
        assert_eq!(read(&registry, &path).unwrap(), b"old");
    }
    assert_eq!(writer.finish(digest(b"newer!")).unwrap().size, 6);
    assert_eq!(read(&registry, &path).unwrap(), b"newer!");
    assert!(!disk.temporary("a").exists());
}

#[test]
fn an_empty_content_is_a_content() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    std::fs::write(&path, "old").unwrap();
    write(&registry, &path, b"").unwrap();
    assert_eq!(read(&registry, &path).unwrap(), b"");
}

#[test]
fn a_content_of_many_pieces_comes_as_it_was() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    let bytes: Vec<u8> = (0..3_000_001_u32).map(|n| (n % 251) as u8).collect();
    let mut writer = Writer::open(&registry, &path, &plan(bytes.len())).unwrap();
    for piece in bytes.chunks(77_777) {
        writer.write(piece).unwrap();
    }
    writer.finish(digest(&bytes)).unwrap();
    assert_eq!(read(&registry, &path).unwrap(), bytes);
}

#[test]
fn what_is_not_the_announced_content_leaves_the_old_one_and_nothing_else() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    std::fs::write(&path, "old").unwrap();
    for resume in [false, true] {
        for (sent, expected) in [
            (&b"four"[..], digest(b"five")),
            // Too short, with the digest of what came or of what was meant.
            (b"fou", digest(b"fou")),
            (b"fou", digest(b"four")),
            (b"", digest(b"")),
        ] {
            let mut plan = plan(4);
            plan.resume = resume;
            let mut writer = Writer::open(&registry, &path, &plan).unwrap();
            writer.write(sent).unwrap();
            let error = writer.finish(expected).unwrap_err();
            let FileError::Mismatch {
                announced: 4,
                received,
                ..
            } = error
            else {
                panic!("{error}");
            };
            assert_eq!(received, sent.len() as u64);
            assert_eq!(std::fs::read(&path).unwrap(), b"old");
            assert!(!disk.temporary("a").exists());
        }
    }
}

#[test]
fn more_than_was_announced_is_refused_and_what_came_before_can_be_finished() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    let mut writer = Writer::open(&registry, &path, &plan(4)).unwrap();
    writer.write(b"fo").unwrap();
    let error = writer.write(b"urteen").unwrap_err();
    assert!(
        matches!(
            error,
            FileError::TooLong {
                announced: 4,
                more: 4,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(writer.offset(), 2);
    writer.write(b"ur").unwrap();
    assert!(matches!(writer.write(b"!"), Err(FileError::TooLong { .. })));
    writer.finish(digest(b"four")).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"four");
}

#[test]
fn a_temporary_file_that_another_hand_made_longer_does_not_take_the_place() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    let mut writer = Writer::open(&registry, &path, &plan(4)).unwrap();
    writer.write(b"four").unwrap();
    std::fs::write(disk.temporary("a"), "fourteen").unwrap();
    let error = writer.finish(digest(b"four")).unwrap_err();
    assert!(matches!(error, FileError::Changed { .. }), "{error}");
    assert!(!path.exists() && !disk.temporary("a").exists());
}

#[test]
fn a_temporary_file_that_was_exchanged_does_not_take_the_place() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    let mut writer = Writer::open(&registry, &path, &plan(4)).unwrap();
    writer.write(b"four").unwrap();
    std::fs::remove_file(disk.temporary("a")).unwrap();
    std::fs::write(disk.temporary("a"), "evil").unwrap();
    let error = writer.finish(digest(b"four")).unwrap_err();
    assert!(matches!(error, FileError::Changed { .. }), "{error}");
    assert!(!path.exists());
    // It is not this writer's, so it does not remove it.
    assert_eq!(std::fs::read(disk.temporary("a")).unwrap(), b"evil");
}
