//! What is in the place of the temporary file: another writer, or something that nobody may trust.

use crate::support::{Disk, digest, plan};
use files::{FileError, Plan, Registry, Writer};
use rustix::fs::{CWD, FileType, Mode};
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

fn resumed() -> Plan {
    Plan {
        resume: true,
        ..plan(4)
    }
}

/// Writes a whole file, which must begin with nothing.
fn write_anew(registry: &Registry, path: &Path) {
    let mut writer = Writer::open(registry, path, &resumed()).unwrap();
    assert_eq!(writer.offset(), 0);
    writer.write(b"four").unwrap();
    writer.finish(digest(b"four")).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"four");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn the_second_writer_of_a_file_is_refused_while_the_first_is_there() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    let mut first = Writer::open(&registry, &path, &resumed()).unwrap();
    first.write(b"fo").unwrap();
    for plan in [plan(4), resumed()] {
        let second = Writer::open(&registry, &path, &plan);
        assert!(matches!(second, Err(FileError::Busy { .. })));
    }
    // Neither did they touch it, nor does another file wait for it.
    drop(Writer::open(&registry, disk.path("offered/b"), &plan(4)).unwrap());
    first.write(b"ur").unwrap();
    first.finish(digest(b"four")).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"four");
    write_anew(&registry, &path);
}

#[test]
fn of_many_writers_at_once_each_wins_alone_or_is_refused() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    let won: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8_u8)
            .map(|n| {
                let (registry, path) = (&registry, &path);
                scope.spawn(move || {
                    let content = [n; 4];
                    let mut won = 0;
                    for _ in 0..40 {
                        let mut writer = match Writer::open(registry, path, &plan(4)) {
                            Ok(writer) => writer,
                            Err(FileError::Busy { .. }) => continue,
                            Err(error) => panic!("{error}"),
                        };
                        writer.write(&content).unwrap();
                        writer.finish(digest(&content)).unwrap();
                        won += 1;
                    }
                    won
                })
            })
            .collect();
        writers.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert!(won >= 1);
    let last = std::fs::read(&path).unwrap();
    assert_eq!(last, [last[0]; 4]);
    assert!(!disk.temporary("a").exists());
}

#[test]
fn links_in_its_place_are_removed_and_lead_nowhere() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    let (key, temporary) = (disk.path("secret/key"), disk.temporary("a"));
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    symlink(&key, &temporary).unwrap();
    write_anew(&registry, &path);
    symlink("nothing", &temporary).unwrap();
    write_anew(&registry, &path);
    // Another name of a file that this user made, and that is as private as a part.
    std::fs::hard_link(&key, &temporary).unwrap();
    write_anew(&registry, &path);
    assert_eq!(std::fs::read(&key).unwrap(), b"secret");
}

#[test]
fn a_part_that_others_may_have_open_is_not_used() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    let temporary = disk.temporary("a");
    for mode in [0o644, 0o640, 0o602, 0o700, 0o4600] {
        std::fs::write(&temporary, "fo").unwrap();
        std::fs::set_permissions(&temporary, Permissions::from_mode(mode)).unwrap();
        write_anew(&registry, &path);
    }
    if rustix::process::geteuid().is_root() {
        std::fs::write(&temporary, "fo").unwrap();
        std::fs::set_permissions(&temporary, Permissions::from_mode(0o600)).unwrap();
        chown(&temporary, Some(12345), None).unwrap();
        write_anew(&registry, &path);
    }
}

#[test]
fn a_pipe_or_a_socket_in_its_place_is_removed_and_blocks_nobody() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    let temporary = disk.temporary("a");
    let mode = Mode::from(0o600);
    rustix::fs::mknodat(CWD, &temporary, FileType::Fifo, mode, 0).unwrap();
    write_anew(&registry, &path);
    let _listener = UnixListener::bind(disk.path("offered/s")).unwrap();
    std::fs::rename(disk.path("offered/s"), &temporary).unwrap();
    write_anew(&registry, &path);
}

#[test]
fn a_directory_in_its_place_is_named_to_be_removed() {
    let disk = Disk::new();
    let (registry, path) = (disk.registry(), disk.path("offered/a"));
    std::fs::create_dir(disk.temporary("a")).unwrap();
    let Err(error) = Writer::open(&registry, &path, &resumed()) else {
        panic!("it is opened");
    };
    let name = disk.temporary("a");
    let name = name.file_name().unwrap().to_str().unwrap();
    let text = error.to_string();
    assert!(
        text.contains(name) && text.contains("a directory"),
        "{text}"
    );
}
