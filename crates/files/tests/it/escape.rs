//! Ways out of what is offered, also while somebody exchanges directories for links.

use crate::support::{Disk, read, write};
use files::{Access, FileError, Registry};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[test]
fn links_that_lead_out_are_refused() {
    let disk = Disk::new();
    let secret = disk.path("secret");
    symlink("../secret", disk.path("offered/relative")).unwrap();
    symlink(&secret, disk.path("offered/absolute")).unwrap();
    symlink("/proc/self/root", disk.path("offered/magic")).unwrap();
    symlink("loop", disk.path("offered/loop")).unwrap();
    symlink("../secret/key", disk.path("offered/key")).unwrap();
    let from_root = secret.join("key");
    let magic = format!("offered/magic{}", from_root.display());
    for registry in disk.registries() {
        for below in [
            "offered/relative/key",
            "offered/absolute/key",
            "offered/loop/key",
            &magic,
        ] {
            let error = read(&registry, &disk.path(below)).unwrap_err();
            assert!(matches!(error, FileError::Link { .. }), "{below}: {error}");
            let error = write(&registry, &disk.path(below), b"bad").unwrap_err();
            assert!(matches!(error, FileError::Link { .. }), "{below}: {error}");
        }
        for below in ["offered/key", "offered/loop"] {
            let error = read(&registry, &disk.path(below)).unwrap_err();
            assert!(matches!(error, FileError::Link { .. }), "{below}: {error}");
            let error = write(&registry, &disk.path(below), b"bad").unwrap_err();
            assert!(matches!(error, FileError::Link { .. }), "{below}: {error}");
        }
    }
    assert_eq!(std::fs::read(disk.path("secret/key")).unwrap(), b"secret");
    assert_eq!(std::fs::read_dir(&secret).unwrap().count(), 1);
}

#[test]
fn magic_links_below_an_offered_proc_are_refused() {
    let mut registry = Registry::new();
    registry.offer_prefix("/proc", Access::Read).unwrap();
    for path in [
        "/proc/self/root/etc/passwd",
        "/proc/thread-self/cwd/Cargo.toml",
    ] {
        let error = read(&registry, Path::new(path)).unwrap_err();
        assert!(matches!(error, FileError::Link { .. }), "{error}");
    }
}

#[test]
fn links_that_stay_inside_are_followed_if_the_kernel_can_do_it_safely() {
    let disk = Disk::new();
    std::fs::create_dir(disk.path("offered/real")).unwrap();
    std::fs::write(disk.path("offered/real/a"), "a").unwrap();
    symlink("real", disk.path("offered/alias")).unwrap();
    let [kernel, walk] = disk.registries();
    let path = disk.path("offered/alias/a");
    assert_eq!(read(&kernel, &path).unwrap(), b"a");
    write(&kernel, &path, b"b").unwrap();
    assert_eq!(std::fs::read(disk.path("offered/real/a")).unwrap(), b"b");
    assert!(matches!(read(&walk, &path), Err(FileError::Link { .. })));
}

/// The directory `offered/d` is the real one, then a link to `secret`, and so on, as fast as it goes.
fn exchange(disk: &Disk, done: &AtomicBool) {
    let (place, real) = (disk.path("offered/d"), disk.path("offered/real"));
    let link = disk.path("offered/link");
    symlink("../secret", &link).unwrap();
    while !done.load(Ordering::Relaxed) {
        std::fs::rename(&place, &real).unwrap();
        std::fs::rename(&link, &place).unwrap();
        std::fs::rename(&place, &link).unwrap();
        std::fs::rename(&real, &place).unwrap();
    }
}

/// Tries something while directories are exchanged, until it went well and failed often enough.
fn race(disk: &Disk, attempt: impl Fn() -> Result<(), FileError>) {
    let done = AtomicBool::new(false);
    let (mut fine, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| exchange(disk, &done));
        let end = Instant::now() + Duration::from_secs(20);
        while (fine < 200 || refused < 200) && Instant::now() < end {
            match attempt() {
                Ok(()) => fine += 1,
                Err(FileError::Link { .. }) => refused += 1,
                // Nothing was there for a moment, or a link that was gone at the second look.
                Err(FileError::NotFound { .. } | FileError::NotADirectory { .. }) => {}
                // A walk that was disturbed again and again.
                Err(FileError::Io {
                    action: "open",
                    source,
                    ..
                }) if source.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    done.store(true, Ordering::Relaxed);
                    panic!("{error}");
                }
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(
        fine >= 200 && refused >= 200,
        "{fine} went well, {refused} were refused"
    );
}

#[test]
fn reading_does_not_escape_while_a_directory_is_exchanged_for_a_link() {
    let disk = Disk::new();
    std::fs::create_dir(disk.path("offered/d")).unwrap();
    std::fs::write(disk.path("offered/d/key"), "public").unwrap();
    for registry in disk.registries() {
        race(&disk, || {
            let found = read(&registry, &disk.path("offered/d/key"))?;
            assert_eq!(found, b"public");
            Ok(())
        });
        std::fs::remove_file(disk.path("offered/link")).unwrap();
    }
}

#[test]
fn writing_does_not_escape_while_a_directory_is_exchanged_for_a_link() {
    let disk = Disk::new();
    std::fs::create_dir(disk.path("offered/d")).unwrap();
    for registry in disk.registries() {
        race(&disk, || {
            write(&registry, &disk.path("offered/d/key"), b"public").map(|_| ())
        });
        std::fs::remove_file(disk.path("offered/link")).unwrap();
    }
    assert_eq!(std::fs::read(disk.path("secret/key")).unwrap(), b"secret");
    assert_eq!(std::fs::read_dir(disk.path("secret")).unwrap().count(), 1);
}
