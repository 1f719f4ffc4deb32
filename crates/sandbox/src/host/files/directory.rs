//! Directories: making them, what is in them, and removing them with it.

use super::super::bindings::zymogen::task::files::{Attributes, Error};
use super::super::blocking::Alive;
use super::super::locate::{Granted, Place, failed};
use super::attributes::{self, Resolved};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::path::Arg;
use std::ffi::CString;
use std::os::fd::OwnedFd;

/// The mode of a new directory if nobody says otherwise.
const MODE: u32 = 0o755;
/// Deeper than this, a directory is not removed: the stack of this process is not the guest's.
const MAX_DEPTH: usize = 128;
/// Names that are kept at once while a directory is removed, however many it has.
const BATCH: usize = 1024;
/// What a name takes in memory besides its bytes.
const NAME: usize = size_of::<String>();

/// Makes a directory and those that lead to it.
pub(super) fn make(granted: &Granted, attributes: &Attributes) -> Result<(), Error> {
    let resolved = Resolved::new(attributes)?;
    let place = granted.locate_making()?;
    let mode = Mode::from(resolved.mode.unwrap_or(MODE));
    rustix::fs::mkdirat(&*place.directory, &place.name, mode)
        .map_err(|error| failed(&place.path, error))?;
    // The process's umask took bits away.
    let resolved = Resolved {
        mode: Some(mode.as_raw_mode()),
        ..resolved
    };
    attributes::set(&place, &resolved)
}

/// The names in a directory, sorted; together they take at most `limit` bytes.
pub(super) fn entries(place: &Place, limit: u64, alive: &Alive) -> Result<Vec<String>, Error> {
    let failed = |error| failed(&place.path, error);
    let directory = open(&place.directory, place.name.as_str()).map_err(failed)?;
    let mut left = limit;
    let mut entries = Vec::new();
    for name in names(&directory, alive).map_err(failed)? {
        let name = name.map_err(failed)?.to_string_lossy().into_owned();
        left = left
            .checked_sub((name.len() + NAME) as u64)
            .ok_or(Error::TooLarge(limit))?;
        entries.push(name);
    }
    entries.sort();
    Ok(entries)
}

/// Removes what has this name; a directory with all that is below it if `recursive`.
pub(super) fn remove(
    directory: &OwnedFd,
    name: impl Arg + Copy,
    recursive: bool,
    alive: &Alive,
) -> Result<(), Errno> {
    remove_to(MAX_DEPTH, directory, name, recursive, alive)
}

fn remove_to(
    depth: usize,
    directory: &OwnedFd,
    name: impl Arg + Copy,
    recursive: bool,
    alive: &Alive,
) -> Result<(), Errno> {
    alive.check()?;
    let found = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::Directory {
        return rustix::fs::unlinkat(directory, name, AtFlags::empty());
    }
    if recursive {
        let depth = depth.checked_sub(1).ok_or(Errno::NAMETOOLONG)?;
        let inner = open(directory, name)?;
        loop {
            let batch: Vec<_> = names(&inner, alive)?
                .take(BATCH)
                .collect::<Result<_, _>>()?;
            if batch.is_empty() {
                break;
            }
            for name in batch {
                remove_to(depth, &inner, name.as_c_str(), recursive, alive)?;
            }
        }
    }
    rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR)
}

fn open(parent: &OwnedFd, name: impl Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

/// The names in a directory from its beginning, as they are: not all are text.
fn names<'a>(
    directory: &OwnedFd,
    alive: &'a Alive,
) -> Result<impl Iterator<Item = Result<CString, Errno>> + use<'a>, Errno> {
    let entries = Dir::read_from(directory)?.map(|entry| {
        alive.check()?;
        entry.map(|entry| entry.file_name().to_owned())
    });
    Ok(entries.filter(|name| match name {
        Ok(name) => !matches!(name.to_bytes(), b"." | b".."),
        Err(_) => true,
    }))
}
