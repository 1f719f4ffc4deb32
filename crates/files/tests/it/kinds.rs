//! Only regular files are moved, and nothing else blocks whoever tries.

use crate::support::{Disk, plan, read};
use files::{Access, FileError, Reader, Registry, Writer};
use rustix::fs::{CWD, FileType, Mode};
use std::os::unix::net::UnixListener;
use std::path::Path;

fn refused(registry: &Registry, path: &Path, kind: &str) {
    let Err(error) = Reader::open(registry, path, 0) else {
        panic!("{path:?} is read");
    };
    assert!(
        matches!(&error, FileError::NotRegular { what, .. } if *what == kind),
        "{error}"
    );
    let Err(error) = Writer::open(registry, path, &plan(1)) else {
        panic!("{path:?} is written");
    };
    assert!(
        matches!(&error, FileError::NotRegular { what, .. } if *what == kind),
        "{error}"
    );
}

#[test]
fn pipes_sockets_and_directories_are_refused_at_once() {
    let disk = Disk::new();
    let pipe = disk.path("offered/pipe");
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::from(0o666), 0).unwrap();
    let socket = disk.path("offered/socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let directory = disk.path("offered/directory");
    std::fs::create_dir(&directory).unwrap();
    for registry in disk.registries() {
        refused(&registry, &pipe, "a pipe");
        refused(&registry, &socket, "a socket");
        refused(&registry, &directory, "a directory");
    }
}

#[test]
fn devices_are_refused() {
    for mut registry in [Registry::new(), Registry::without_openat2()] {
        for access in [Access::Read, Access::Write] {
            registry.offer_prefix("/dev", access).unwrap();
        }
        refused(&registry, Path::new("/dev/null"), "a device");
        refused(&registry, Path::new("/dev/tty"), "a device");
    }
}

#[test]
fn a_file_that_the_kernel_makes_up_is_not_taken_for_an_empty_one() {
    for mut registry in [Registry::new(), Registry::without_openat2()] {
        registry.offer_prefix("/proc", Access::Read).unwrap();
        let path = Path::new("/proc/version");
        let error = read(&registry, path).unwrap_err();
        assert!(
            error.to_string().contains("more bytes than its size says"),
            "{error}"
        );
    }
}

#[test]
fn a_file_that_is_none_of_a_directory_is_told() {
    let disk = Disk::new();
    std::fs::write(disk.path("offered/a"), "a").unwrap();
    for registry in disk.registries() {
        for (below, is_there) in [("offered/a/b", true), ("offered/none/b", false)] {
            let path = disk.path(below);
            let read = Reader::open(&registry, &path, 0).err().unwrap();
            let write = Writer::open(&registry, &path, &plan(1)).err().unwrap();
            for error in [read, write] {
                let told = match error {
                    FileError::NotADirectory { .. } => is_there,
                    FileError::NotFound { .. } => !is_there,
                    _ => false,
                };
                assert!(told, "{error}");
            }
        }
    }
}
