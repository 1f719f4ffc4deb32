//! Mode, owner and times of what is at a place.

use super::super::bindings::zymogen::task::files::{Attributes, Error, Kind, Metadata};
use super::super::locate::{Exactly, Place, failed, stat};
use super::super::names;
use super::content::FILE_MODE;
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid};

/// The twelve bits that `chmod` sets.
pub(super) const MODE_BITS: u32 = 0o7777;

/// What to set, with names turned into numbers.
pub(super) struct Resolved {
    pub(super) mode: Option<u32>,
    pub(super) owner: Option<Uid>,
    pub(super) group: Option<Gid>,
}

impl Resolved {
    pub(super) fn new(attributes: &Attributes) -> Result<Self, Error> {
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

/// What a guest is told of it.
// The fields of `stat` have other widths on other machines.
#[allow(clippy::useless_conversion)]
pub(super) fn metadata(stat: &Stat) -> Metadata {
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

/// Sets mode and owner.
pub(super) fn set(place: &Place, attributes: &Resolved) -> Result<(), Error> {
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
        // The kernel has no chmod that does not follow links.
        let there = Exactly::at(place)?;
        rustix::fs::chmod(there.path(), Mode::from(mode)).map_err(io)?;
    }
    Ok(())
}

/// Sets the times to now; makes an empty file if there is nothing.
pub(super) fn touch(place: &Place) -> Result<(), Error> {
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
