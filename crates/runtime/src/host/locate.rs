//! From a path that a guest names to an open directory and a name in it, inside a grant.
//!
//! The way to a grant's root is the operator's: links in it are followed. From the root on, each
//! component is opened without following links, and nothing follows the last one, so that whoever
//! can write below the root cannot lead the guest out of it.

use super::bindings::zymogen::task::files::Error;
use crate::guest::Guest;
use proto::Access;
use proto::policy::normal_path;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// A directory, and the name of something in it. The name is `.` for the root directory alone.
pub(super) struct Place {
    pub(super) directory: OwnedFd,
    pub(super) name: String,
    pub(super) path: String,
}

const DIRECTORY: OFlags = OFlags::DIRECTORY
    .union(OFlags::CLOEXEC)
    .union(OFlags::RDONLY);

impl Guest {
    /// Finds the place of a path for an access that must be granted.
    pub(super) fn locate(&self, path: &str, access: Access) -> Result<Place, Error> {
        self.locate_with(path, access, false)
    }

    /// The same, making the directories that lead there.
    pub(super) fn locate_making(&self, path: &str) -> Result<Place, Error> {
        self.locate_with(path, Access::Write, true)
    }

    fn locate_with(&self, path: &str, access: Access, make: bool) -> Result<Place, Error> {
        let normal = normal_path(path).ok_or_else(|| {
            Error::Denied(format!(
                "`{path}`: a path must be absolute, without `..` and zero bytes"
            ))
        })?;
        let root = self.policy.covering(&normal, access).ok_or_else(|| {
            let verb = match access {
                Access::Read => "read",
                Access::Write => "write",
            };
            let granted = self.policy.summary();
            Error::Denied(format!("to {verb} {normal}; granted: {granted}"))
        })?;
        let root = root.trim_end_matches('/');
        // `covering` has found that the path begins with the root.
        let (parent, name) = split(&normal);
        let (outer, inner) = if parent.len() >= root.len() {
            parent.split_at(root.len())
        } else {
            (parent, "")
        };
        let mut directory = open_outer(outer, make).map_err(|error| failed(outer, error))?;
        for component in inner.split('/').filter(|part| !part.is_empty()) {
            directory =
                open_inner(&directory, component, make).map_err(|error| failed(&normal, error))?;
        }
        Ok(Place {
            directory,
            name: name.to_owned(),
            path: normal.clone(),
        })
    }
}

fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some((parent, name)) if !name.is_empty() => (parent, name),
        _ => ("", "."),
    }
}

fn open_outer(path: &str, make: bool) -> Result<OwnedFd, Errno> {
    let path = if path.is_empty() { "/" } else { path };
    match rustix::fs::openat(CWD, path, DIRECTORY, Mode::empty()) {
        Err(Errno::NOENT) if make => {
            let (parent, name) = split(path);
            let parent = open_outer(parent, make)?;
            match rustix::fs::mkdirat(&parent, name, Mode::from(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
            rustix::fs::openat(&parent, name, DIRECTORY, Mode::empty())
        }
        done => done,
    }
}

fn open_inner(directory: &OwnedFd, name: &str, make: bool) -> Result<OwnedFd, Errno> {
    let flags = DIRECTORY | OFlags::NOFOLLOW;
    match rustix::fs::openat(directory, name, flags, Mode::empty()) {
        Err(Errno::NOENT) if make => {
            match rustix::fs::mkdirat(directory, name, Mode::from(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
            rustix::fs::openat(directory, name, flags, Mode::empty())
        }
        done => done,
    }
}

/// What an error of the operating system means to a guest.
pub(super) fn failed(path: &str, error: Errno) -> Error {
    let path = if path.is_empty() { "/" } else { path };
    match error {
        Errno::NOENT => Error::NotFound(path.to_owned()),
        Errno::EXIST => Error::Exists(path.to_owned()),
        Errno::NOTEMPTY => Error::NotEmpty(path.to_owned()),
        Errno::NOTDIR => Error::WrongKind(format!("{path}: a directory is expected")),
        Errno::ISDIR => Error::WrongKind(format!("{path} is a directory")),
        Errno::LOOP => Error::WrongKind(format!("{path}: a symbolic link is in the way")),
        error => Error::Io(format!("{path}: {}", std::io::Error::from(error))),
    }
}

/// What is at a place, if there is something; a link is not followed.
pub(super) fn stat(place: &Place) -> Result<Option<rustix::fs::Stat>, Error> {
    match rustix::fs::statat(&place.directory, &place.name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(failed(&place.path, error)),
    }
}
