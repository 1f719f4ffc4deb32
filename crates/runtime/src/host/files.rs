//! `zymogen:task/files`: files by path, inside the policy's grants.

use super::bindings::zymogen::task::files::{Attributes, Content, Error, Host, Kind, Metadata};
use super::locate::{Place, failed, stat};
use super::names;
use crate::guest::Guest;
use bytes::Bytes;
use proto::Access;
use rustix::fs::{AtFlags, Dir, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::Result;

/// The mode of a new file or directory if nobody says otherwise.
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: u32 = 0o755;
/// The twelve bits that `chmod` sets.
const MODE_BITS: u32 = 0o7777;
/// Deeper than this, a directory is not removed: the stack of this process is not the guest's.
const MAX_DEPTH: usize = 128;

impl Host for Guest {
    async fn stat(&mut self, path: String) -> Result<Result<Option<Metadata>, Error>> {
        let found = match self
            .granted(&path, Access::Read)
            .and_then(|path| path.locate())
        {
            Ok(place) => stat(&place),
            // Neither it nor the directory that it would be in.
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        };
        Ok(found.map(|stat| stat.map(|stat| metadata(&stat))))
    }

    async fn read(&mut self, path: String, limit: u64) -> Result<Result<Vec<u8>, Error>> {
        // The host's memory is not metered by the store: what it reads for a guest is bounded here.
        let limit = limit.min(self.limits.memory_bytes);
        Ok(self
            .granted(&path, Access::Read)
            .and_then(|path| path.locate())
            .and_then(|place| read(&place, limit)))
    }

    async fn digest(&mut self, path: String) -> Result<Result<String, Error>> {
        let place = self
            .granted(&path, Access::Read)
            .and_then(|path| path.locate());
        Ok(match place.and_then(|place| open_regular(&place)) {
            Ok(file) => hash(file).await,
            Err(error) => Err(error),
        })
    }

    async fn entries(&mut self, path: String) -> Result<Result<Vec<String>, Error>> {
        Ok(self
            .granted(&path, Access::Read)
            .and_then(|path| path.locate())
            .and_then(|place| entries(&place)))
    }

    async fn read_link(&mut self, path: String) -> Result<Result<String, Error>> {
        let target = self
            .granted(&path, Access::Read)
            .and_then(|path| path.locate())
            .and_then(|place| {
                rustix::fs::readlinkat(&*place.directory, &place.name, Vec::new()).map_err(
                    |error| match error {
                        Errno::INVAL => Error::WrongKind(format!("{} is no link", place.path)),
                        error => failed(&place.path, error),
                    },
                )
            });
        Ok(target.map(|target| target.to_string_lossy().into_owned()))
    }

    async fn replace(
        &mut self,
        path: String,
        content: Content,
        attributes: Attributes,
    ) -> Result<Result<(), Error>> {
        let bytes = match content {
            Content::Bytes(bytes) => Ok(Bytes::from(bytes)),
            Content::Source(digest) => self.source(&digest).await,
        };
        Ok(bytes.and_then(|bytes| {
            let place = self.granted(&path, Access::Write)?.locate()?;
            replace(&place, &bytes, &Resolved::new(&attributes)?)
        }))
    }

    async fn make_directory(
        &mut self,
        path: String,
        attributes: Attributes,
    ) -> Result<Result<(), Error>> {
        let made = || {
            let resolved = Resolved::new(&attributes)?;
            let place = self.granted(&path, Access::Write)?.locate_making()?;
            let mode = Mode::from(resolved.mode.unwrap_or(DIRECTORY_MODE));
            rustix::fs::mkdirat(&*place.directory, &place.name, mode)
                .map_err(|error| failed(&place.path, error))?;
            // The process's umask took bits away.
            let resolved = Resolved {
                mode: Some(mode.as_raw_mode()),
                ..resolved
            };
            set_attributes(&place, &resolved)
        };
        Ok(made())
    }

    async fn make_symlink(&mut self, path: String, target: String) -> Result<Result<(), Error>> {
        let made = || {
            let place = self.granted(&path, Access::Write)?.locate()?;
            in_one_step(&place, |temporary| {
                rustix::fs::symlinkat(&target, &*place.directory, temporary)
            })
        };
        Ok(made())
    }

    async fn make_hard_link(&mut self, path: String, target: String) -> Result<Result<(), Error>> {
        let made = || {
            let place = self.granted(&path, Access::Write)?.locate()?;
            let from = self.granted(&target, Access::Write)?.locate()?;
            in_one_step(&place, |temporary| {
                rustix::fs::linkat(
                    &*from.directory,
                    &from.name,
                    &*place.directory,
                    temporary,
                    AtFlags::empty(),
                )
            })
        };
        Ok(made())
    }

    async fn set_attributes(
        &mut self,
        path: String,
        attributes: Attributes,
    ) -> Result<Result<(), Error>> {
        Ok(self
            .granted(&path, Access::Write)
            .and_then(|path| path.locate())
            .and_then(|place| set_attributes(&place, &Resolved::new(&attributes)?)))
    }

    async fn touch(&mut self, path: String) -> Result<Result<(), Error>> {
        Ok(self
            .granted(&path, Access::Write)
            .and_then(|path| path.locate())
            .and_then(|place| touch(&place)))
    }

    async fn remove(&mut self, path: String, recursive: bool) -> Result<Result<(), Error>> {
        Ok(self
            .granted(&path, Access::Write)
            .and_then(|path| path.locate())
            .and_then(|place| {
                if place.name == "." {
                    return Err(Error::Denied(
                        "the root directory cannot be removed".to_owned(),
                    ));
                }
                remove(&*place.directory, &place.name, recursive, 0)
                    .map_err(|error| failed(&place.path, error))
            }))
    }
}

/// What to set, with names turned into numbers.
struct Resolved {
    mode: Option<u32>,
    owner: Option<Uid>,
    group: Option<Gid>,
}

impl Resolved {
    fn new(attributes: &Attributes) -> Result<Self, Error> {
        if let Some(mode) = attributes.mode.filter(|mode| mode & !MODE_BITS != 0) {
            return Err(Error::Io(format!("{mode:#o} is no mode: at most 0o7777")));
        }
        let unknown = |name: &String| Error::UnknownName(name.clone());
        let owner = attributes.owner.as_ref();
        let group = attributes.group.as_ref();
        Ok(Self {
            mode: attributes.mode,
            owner: owner
                .map(|name| names::user_id(name).ok_or_else(|| unknown(name)))
                .transpose()?
                .map(Uid::from_raw),
            group: group
                .map(|name| names::group_id(name).ok_or_else(|| unknown(name)))
                .transpose()?
                .map(Gid::from_raw),
        })
    }
}

// The fields of `stat` have other widths on other machines.
#[allow(clippy::useless_conversion)]
fn metadata(stat: &Stat) -> Metadata {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        _ => Kind::Other,
    };
    let seconds = u64::try_from(stat.st_mtime).unwrap_or(0);
    let nanoseconds = u64::try_from(stat.st_mtime_nsec).unwrap_or(0);
    Metadata {
        kind,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mode: stat.st_mode & MODE_BITS,
        uid: stat.st_uid,
        gid: stat.st_gid,
        owner: names::user_name(stat.st_uid),
        group: names::group_name(stat.st_gid),
        modified_ns: seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(nanoseconds),
        links: u64::try_from(stat.st_nlink).unwrap_or(0),
        device: stat.st_dev,
        inode: stat.st_ino,
    }
}

/// Opens a regular file. Nothing else: a pipe or a device could block this thread for ever.
fn open_regular(place: &Place) -> Result<File, Error> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::fs::openat(&*place.directory, &place.name, flags, Mode::empty());
    let fd = opened.map_err(|error| failed(&place.path, error))?;
    let found = rustix::fs::fstat(&fd).map_err(|error| failed(&place.path, error))?;
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => Ok(File::from(fd)),
        FileType::Directory => Err(Error::WrongKind(format!("{} is a directory", place.path))),
        _ => Err(Error::WrongKind(format!(
            "{} is no regular file",
            place.path
        ))),
    }
}

fn read(place: &Place, limit: u64) -> Result<Vec<u8>, Error> {
    let file = open_regular(place)?;
    let io = |error: std::io::Error| Error::Io(format!("{}: {error}", place.path));
    let mut bytes = Vec::new();
    // One byte more tells a file of the limit's length from a longer one.
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLarge(limit));
    }
    Ok(bytes)
}

async fn hash(file: File) -> Result<String, Error> {
    // A long file takes longer than a guest may hold its thread.
    let hashed = tokio::task::spawn_blocking(move || {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file)?;
        Ok(hasher.finalize().to_hex().to_string())
    });
    hashed
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error)))
        .map_err(|error: std::io::Error| Error::Io(error.to_string()))
}

fn entries(place: &Place) -> Result<Vec<String>, Error> {
    let directory = open_directory(&*place.directory, &place.name)
        .map_err(|error| failed(&place.path, error))?;
    let mut names = names_in(&directory).map_err(|error| failed(&place.path, error))?;
    names.sort();
    Ok(names)
}

fn open_directory(parent: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

fn names_in(directory: &OwnedFd) -> Result<Vec<String>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy();
        if name != "." && name != ".." {
            names.push(name.into_owned());
        }
    }
    Ok(names)
}

/// Writes a new file beside the place, then renames it: a reader sees the old content or the new.
fn replace(place: &Place, bytes: &[u8], attributes: &Resolved) -> Result<(), Error> {
    let old = stat(place)?;
    if let Some(old) = &old {
        match FileType::from_raw_mode(old.st_mode) {
            FileType::RegularFile => {}
            FileType::Directory => {
                return Err(Error::WrongKind(format!("{} is a directory", place.path)));
            }
            FileType::Symlink => {
                return Err(Error::WrongKind(format!(
                    "{} is a symbolic link",
                    place.path
                )));
            }
            _ => {
                return Err(Error::WrongKind(format!(
                    "{} is no regular file",
                    place.path
                )));
            }
        }
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
    in_one_step(place, |temporary| {
        // Nobody else may read it before it has its mode.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&*place.directory, temporary, flags, Mode::from(0o600))?;
        let mut file = File::from(fd);
        file.write_all(bytes).map_err(|error| errno(&error))?;
        let now = rustix::fs::fstat(&file)?;
        let owner = owner.filter(|owner| owner.as_raw() != now.st_uid);
        let group = group.filter(|group| group.as_raw() != now.st_gid);
        if owner.is_some() || group.is_some() {
            rustix::fs::fchown(&file, owner, group)?;
        }
        rustix::fs::fchmod(&file, Mode::from(mode))?;
        // After a crash the name must not lead to an empty file.
        file.sync_all().map_err(|error| errno(&error))
    })
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

/// Makes something under a temporary name beside the place, then gives it the place's name.
fn in_one_step(place: &Place, make: impl FnOnce(&str) -> Result<(), Errno>) -> Result<(), Error> {
    static UNIQUE: AtomicU64 = AtomicU64::new(0);
    let unique = UNIQUE.fetch_add(1, Ordering::Relaxed);
    let temporary = format!(".zymogen-{}-{unique}.tmp", std::process::id());
    let directory = &*place.directory;
    let done = make(&temporary)
        .and_then(|()| rustix::fs::renameat(directory, &temporary, directory, &place.name));
    if done.is_err() {
        let _ = rustix::fs::unlinkat(directory, &temporary, AtFlags::empty());
    }
    done.map_err(|error| failed(&place.path, error))
}

fn set_attributes(place: &Place, attributes: &Resolved) -> Result<(), Error> {
    let io = |error| failed(&place.path, error);
    if attributes.owner.is_some() || attributes.group.is_some() {
        rustix::fs::chownat(
            &*place.directory,
            &place.name,
            attributes.owner,
            attributes.group,
            AtFlags::SYMLINK_NOFOLLOW,
        )
        .map_err(io)?;
    }
    // After the owner: changing it takes the set-user-id bit away.
    if let Some(mode) = attributes.mode {
        let found = stat(place)?.ok_or_else(|| Error::NotFound(place.path.clone()))?;
        if FileType::from_raw_mode(found.st_mode) == FileType::Symlink {
            return Err(Error::WrongKind(format!(
                "{} is a symbolic link, which has no mode",
                place.path
            )));
        }
        // The kernel has no chmod that does not follow links, so it goes through a descriptor that
        // was opened without following one: /proc leads to exactly that file.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd =
            rustix::fs::openat(&*place.directory, &place.name, flags, Mode::empty()).map_err(io)?;
        let through = format!("/proc/self/fd/{}", fd.as_raw_fd());
        rustix::fs::chmod(through, Mode::from(mode)).map_err(io)?;
    }
    Ok(())
}

fn touch(place: &Place) -> Result<(), Error> {
    if stat(place)?.is_none() {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from(FILE_MODE);
        let fd = rustix::fs::openat(&*place.directory, &place.name, flags, mode)
            .map_err(|error| failed(&place.path, error))?;
        return rustix::fs::fchmod(fd, mode).map_err(|error| failed(&place.path, error));
    }
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: rustix::fs::UTIME_NOW,
    };
    let times = Timestamps {
        last_access: now,
        last_modification: now,
    };
    rustix::fs::utimensat(
        &*place.directory,
        &place.name,
        &times,
        AtFlags::SYMLINK_NOFOLLOW,
    )
    .map_err(|error| failed(&place.path, error))
}

fn remove(directory: &OwnedFd, name: &str, recursive: bool, depth: usize) -> Result<(), Errno> {
    let found = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::Directory {
        return rustix::fs::unlinkat(directory, name, AtFlags::empty());
    }
    if recursive {
        if depth >= MAX_DEPTH {
            return Err(Errno::NAMETOOLONG);
        }
        let inner = open_directory(directory, name)?;
        for entry in names_in(&inner)? {
            remove(&inner, &entry, recursive, depth + 1)?;
        }
    }
    rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR)
}

#[cfg(test)]
mod tests;
