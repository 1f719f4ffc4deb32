//! From a path that a guest names to an open directory and a name in it, inside a grant.
//!
//! It begins at a root, which was fixed before the guest ran ([`super::roots`]). From there each component
//! is opened without following links, and nothing follows the last one, so that whoever can write
//! below the root cannot lead the guest out of it.

use super::bindings::zymogen::task::files::Error;
use super::roots::{Root, enter};
use crate::guest::Guest;
use proto::Access;
use proto::policy::normal_path;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

/// A path that the policy grants. Nobody has looked yet what is there.
pub(super) struct Granted {
    root: Arc<Root>,
    path: String,
}

/// A directory, and the name of something in it. The name is `.` for the root directory alone.
pub(super) struct Place {
    pub(super) directory: Arc<OwnedFd>,
    pub(super) name: String,
    pub(super) path: String,
}

impl Guest {
    /// Asks the policy for a path.
    pub(super) fn granted(&self, path: &str, access: Access) -> Result<Granted, Error> {
        let path = normalise(path)?;
        let root = self.policy.covering(&path, access);
        match root.and_then(|root| self.roots.get(root)) {
            Some(root) => Ok(Granted { root, path }),
            None => {
                let verb = match access {
                    Access::Read => "read",
                    Access::Write => "write",
                };
                let granted = self.policy.summary();
                Err(Error::Denied(format!(
                    "to {verb} {path}; granted: {granted}"
                )))
            }
        }
    }
}

impl Granted {
    /// Goes to the place of the path.
    pub(super) fn locate(&self) -> Result<Place, Error> {
        self.go(enter)
    }

    /// The same, making the directories that lead there.
    pub(super) fn locate_making(&self) -> Result<Place, Error> {
        self.go(|from, name| match enter(from, name) {
            Err(Errno::NOENT) => {
                match rustix::fs::mkdirat(from, name, Mode::from(0o755)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error),
                }
                enter(from, name)
            }
            done => done,
        })
    }

    fn go(&self, step: impl Fn(&OwnedFd, &str) -> Result<OwnedFd, Errno>) -> Result<Place, Error> {
        let (mut directory, names) = self.root.start(&self.path);
        let mut names = names.split('/').filter(|name| !name.is_empty());
        let mut name = names.next().unwrap_or(".");
        for next in names {
            let inner = step(&directory, name).map_err(|error| failed(&self.path, error))?;
            directory = Arc::new(inner);
            name = next;
        }
        Ok(Place {
            directory,
            name: name.to_owned(),
            path: self.path.clone(),
        })
    }
}

/// The path in the form that can be compared with a grant.
fn normalise(path: &str) -> Result<String, Error> {
    normal_path(path).ok_or_else(|| {
        Error::Denied(format!(
            "`{path}`: a path must be absolute, without `..` and zero bytes"
        ))
    })
}

/// What an error of the operating system means to a guest.
pub(super) fn failed(path: &str, error: Errno) -> Error {
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

/// Whatever is at a place, held open and not followed, for system calls that take nothing but a path.
pub(super) struct Exactly(OwnedFd);

impl Exactly {
    /// Opens it for nothing but that, so that it may be a pipe or a device, too.
    pub(super) fn at(place: &Place) -> Result<Self, Error> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&*place.directory, &place.name, flags, Mode::empty())
            .map(Self)
            .map_err(|error| failed(&place.path, error))
    }

    /// /proc leads to exactly that, even if it is a link, whatever has taken its name since.
    pub(super) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }
}

/// What is at a place, if there is something; a link is not followed.
pub(super) fn stat(place: &Place) -> Result<Option<rustix::fs::Stat>, Error> {
    match rustix::fs::statat(&*place.directory, &place.name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(failed(&place.path, error)),
    }
}
