//! What files contain: reading it, and putting another in its place.

use super::super::bindings::zymogen::task::files::Error;
use super::super::blocking::Alive;
use super::super::locate::{Place, failed, stat};
use super::attributes::{MODE_BITS, Resolved};
use super::one_step::in_one_step;
use rustix::fs::{FileType, Gid, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read, Write};

/// The mode of a new file if nobody says otherwise.
pub(super) const FILE_MODE: u32 = 0o644;
/// Bytes that are written without asking whether the call is still there.
const PIECE: usize = 1 << 20;

/// Opens a regular file. Nothing else: a pipe or a device could block this thread for ever.
fn open_regular(place: &Place) -> Result<File, Error> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::fs::openat(&*place.directory, &place.name, flags, Mode::empty());
    let fd = opened.map_err(|error| failed(&place.path, error))?;
    let found = rustix::fs::fstat(&fd).map_err(|error| failed(&place.path, error))?;
    regular(place, &found)?;
    Ok(File::from(fd))
}

fn regular(place: &Place, found: &Stat) -> Result<(), Error> {
    let what = match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => "a directory",
        FileType::Symlink => "a symbolic link",
        _ => "no regular file",
    };
    Err(Error::WrongKind(format!("{} is {what}", place.path)))
}

/// All that a regular file contains, if it is at most `limit` bytes.
pub(super) fn read(place: &Place, limit: u64, alive: &Alive) -> Result<Vec<u8>, Error> {
    let file = open_regular(place)?;
    let mut bytes = Vec::new();
    // One byte more tells a file of the limit's length from a longer one.
    alive
        .reading(file)
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Error::Io(format!("{}: {error}", place.path)))?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge(limit));
    }
    Ok(bytes)
}

/// BLAKE3 of a regular file.
pub(super) fn digest(place: &Place, alive: &Alive) -> Result<String, Error> {
    let file = open_regular(place)?;
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_reader(alive.reading(file))
        .map_err(|error| Error::Io(format!("{}: {error}", place.path)))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Where a link leads.
pub(super) fn target(place: &Place) -> Result<String, Error> {
    match rustix::fs::readlinkat(&*place.directory, &place.name, Vec::new()) {
        Ok(target) => Ok(target.to_string_lossy().into_owned()),
        Err(Errno::INVAL) => Err(Error::WrongKind(format!("{} is no link", place.path))),
        Err(error) => Err(failed(&place.path, error)),
    }
}

/// Writes a new file beside the place, then renames it: a reader sees the old content or the new.
pub(super) fn replace(
    place: &Place,
    bytes: &[u8],
    attributes: &Resolved,
    alive: &Alive,
) -> Result<(), Error> {
    let old = stat(place)?;
    if let Some(old) = &old {
        regular(place, old)?;
    }
    let mode = attributes
        .mode
        .or(old.as_ref().map(|old| old.st_mode & MODE_BITS))
        .unwrap_or(FILE_MODE);
    let owner = attributes
        .owner
        .or(old.as_ref().map(|old| Uid::from_raw(old.st_uid)));
    let group = attributes
        .group
        .or(old.as_ref().map(|old| Gid::from_raw(old.st_gid)));
    let make = |temporary: &str| {
        // Nobody else may read it before it has its mode.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        rustix::fs::openat(&*place.directory, temporary, flags, Mode::from(0o600))
    };
    in_one_step(place, make, |fd| {
        let mut file = File::from(fd);
        for piece in bytes.chunks(PIECE) {
            alive.check()?;
            file.write_all(piece).map_err(|error| errno(&error))?;
        }
        let now = rustix::fs::fstat(&file)?;
        let owner = owner.filter(|owner| owner.as_raw() != now.st_uid);
        let group = group.filter(|group| group.as_raw() != now.st_gid);
        if owner.is_some() || group.is_some() {
            rustix::fs::fchown(&file, owner, group)?;
        }
        rustix::fs::fchmod(&file, Mode::from(mode))?;
        // After a crash the name must not lead to an empty file.
        file.sync_all().map_err(|error| errno(&error))?;
        alive.check()
    })
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
