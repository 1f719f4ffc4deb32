//! A transfer that broke goes on where it ended, at both ends.

use crate::support::{Disk, digest, plan, read_on};
use files::{FileError, Plan, Reader, Writer};

const CONTENT: &[u8] = b"a content of some length";

fn resumed() -> Plan {
    Plan {
        resume: true,
        ..plan(CONTENT.len())
    }
}

#[test]
fn a_writer_goes_on_where_an_earlier_one_ended() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    for until in [0, 7, 15, CONTENT.len()] {
        let mut writer = Writer::open(&registry, &path, &resumed()).unwrap();
        let from = usize::try_from(writer.offset()).unwrap();
        writer.write(&CONTENT[from..until]).unwrap();
        drop(writer);
        assert_eq!(
            std::fs::read(disk.temporary("a")).unwrap(),
            CONTENT[..until]
        );
    }
    let writer = Writer::open(&registry, &path, &resumed()).unwrap();
    assert_eq!(writer.offset(), CONTENT.len() as u64);
    writer.finish(digest(CONTENT)).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), CONTENT);
    assert!(!disk.temporary("a").exists());
}

#[test]
fn a_reader_begins_anywhere_and_its_digest_covers_the_whole() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    std::fs::write(&path, CONTENT).unwrap();
    for offset in 0..=CONTENT.len() {
        for max in [1, 5, 100] {
            let reader = Reader::open(&registry, &path, offset as u64).unwrap();
            let (bytes, found) = read_on(reader, max).unwrap();
            assert_eq!(bytes, CONTENT[offset..]);
            assert_eq!(found, digest(CONTENT));
        }
    }
    for offset in [CONTENT.len() as u64 + 1, u64::MAX] {
        let opened = Reader::open(&registry, &path, offset);
        assert!(matches!(opened, Err(FileError::Offset { .. })), "{offset}");
    }
}

#[test]
fn what_was_there_is_hashed_in_steps() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    std::fs::write(&path, CONTENT).unwrap();
    let mut reader = Reader::open(&registry, &path, 20).unwrap();
    let mut writer = Writer::open(&registry, disk.path("offered/b"), &resumed()).unwrap();
    writer.write(&CONTENT[..20]).unwrap();
    drop(writer);
    let mut writer = Writer::open(&registry, disk.path("offered/b"), &resumed()).unwrap();
    for left in [20, 12, 4, 0, 0] {
        let max = if left == 20 { 0 } else { 8 };
        assert_eq!(reader.catch_up(max).unwrap(), left);
        assert_eq!(writer.catch_up(max).unwrap(), left);
    }
    let (rest, whole) = read_on(reader, 100).unwrap();
    writer.write(&rest).unwrap();
    writer.finish(whole).unwrap();
    assert_eq!(std::fs::read(disk.path("offered/b")).unwrap(), CONTENT);
}

#[test]
fn what_was_there_of_another_content_is_found_out_and_removed() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    let mut writer = Writer::open(&registry, &path, &resumed()).unwrap();
    writer.write(b"other").unwrap();
    drop(writer);
    let mut writer = Writer::open(&registry, &path, &resumed()).unwrap();
    writer.write(&CONTENT[5..]).unwrap();
    let error = writer.finish(digest(CONTENT)).unwrap_err();
    assert!(matches!(error, FileError::Mismatch { .. }), "{error}");
    let writer = Writer::open(&registry, &path, &resumed()).unwrap();
    assert_eq!(writer.offset(), 0);
}

#[test]
fn what_was_there_is_not_used_if_it_is_longer_or_nobody_resumes() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    for next in [
        plan(CONTENT.len()),
        Plan {
            size: 3,
            ..resumed()
        },
    ] {
        let mut writer = Writer::open(&registry, &path, &resumed()).unwrap();
        writer.write(&CONTENT[..4]).unwrap();
        drop(writer);
        let writer = Writer::open(&registry, &path, &next).unwrap();
        assert_eq!(writer.offset(), 0);
        assert_eq!(std::fs::read(disk.temporary("a")).unwrap(), b"");
        writer.abandon(false);
    }
}

#[test]
fn whoever_stops_leaves_what_came_if_that_is_wanted() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    for resume in [false, true] {
        let open = || {
            let plan = Plan {
                resume,
                ..resumed()
            };
            let mut writer = Writer::open(&registry, &path, &plan).unwrap();
            let from = usize::try_from(writer.offset()).unwrap();
            writer.write(&CONTENT[from..4]).unwrap();
            writer
        };
        drop(open());
        assert_eq!(disk.temporary("a").exists(), resume);
        open().abandon(true);
        assert!(disk.temporary("a").exists());
        open().abandon(false);
        assert!(!disk.temporary("a").exists());
        assert!(!path.exists());
    }
}

#[test]
fn what_was_there_and_is_shorter_suddenly_is_an_error() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    let mut writer = Writer::open(&registry, &path, &resumed()).unwrap();
    writer.write(&CONTENT[..9]).unwrap();
    drop(writer);
    let mut writer = Writer::open(&registry, &path, &resumed()).unwrap();
    let file = std::fs::File::options();
    let file = file.clone().write(true).open(disk.temporary("a")).unwrap();
    file.set_len(3).unwrap();
    let error = writer.write(&CONTENT[9..]).unwrap_err();
    assert!(matches!(error, FileError::Changed { .. }), "{error}");
}
