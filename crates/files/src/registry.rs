//! What this context offers to others.
//!
//! Offering is the operator's, and links on the way to an offer are followed, once: its directory is
//! opened then and kept. Whatever is renamed or linked later, an offer stays the directory that it was.

use crate::error::FileError;
use crate::resolve::{Links, Place, SEARCH, Way, is_regular};
use crate::temporary;
use rustix::fs::{AtFlags, CWD, Mode};
use std::ffi::OsStr;
use std::fmt;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// What others may do with a file. Neither includes the other: offer a directory twice for both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Read it.
    Read,
    /// Replace it, or make it.
    Write,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "reading",
            Self::Write => "writing",
        })
    }
}

/// What may be read and written by others. Each offer holds one descriptor.
pub struct Registry {
    offers: Vec<Offer>,
    way: Way,
}

struct Offer {
    /// In its normal form, as others name it.
    path: PathBuf,
    access: Access,
    /// The directory itself, or the one that the file is in.
    directory: OwnedFd,
    /// The file's name in its directory.
    file: Option<PathBuf>,
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Registry {
    /// Nothing is offered.
    #[must_use]
    pub fn new() -> Self {
        Self {
            offers: Vec::new(),
            way: Way::of_this_kernel(),
        }
    }

    /// The same, as under a kernel or a filter of system calls without `openat2`: no link is followed then,
    /// not even one that stays inside of an offer.
    #[must_use]
    pub fn without_openat2() -> Self {
        Self {
            offers: Vec::new(),
            way: Way::Walk,
        }
    }

    /// Offers one file for reading. If it is a link, what it leads to now is offered.
    pub fn offer_file(&mut self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let path = normal(path.as_ref())?;
        let real = std::fs::canonicalize(&path)
            .map_err(|error| FileError::io("offer the file", &path, error))?;
        let (Some(parent), Some(name)) = (real.parent(), real.file_name()) else {
            return Err(FileError::NotRegular {
                path,
                what: "a directory",
            });
        };
        let directory = open_directory(&path, parent)?;
        let found = rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| FileError::on_the_way(&path, error))?;
        is_regular(&path, &found)?;
        let file = Some(PathBuf::from(name));
        self.add(path, Access::Read, directory, file);
        Ok(())
    }

    /// Offers all regular files below a directory, those of directories in it, too.
    pub fn offer_prefix(
        &mut self,
        path: impl AsRef<Path>,
        access: Access,
    ) -> Result<(), FileError> {
        let path = normal(path.as_ref())?;
        let directory = open_directory(&path, &path)?;
        self.add(path, access, directory, None);
        Ok(())
    }

    /// Takes back what was offered under exactly this path. Transfers that began go on.
    /// False if there was nothing.
    pub fn withdraw(&mut self, path: impl AsRef<Path>) -> bool {
        let Ok(path) = normal(path.as_ref()) else {
            return false;
        };
        let before = self.offers.len();
        self.offers.retain(|offer| offer.path != path);
        self.offers.len() < before
    }

    fn add(&mut self, path: PathBuf, access: Access, directory: OwnedFd, file: Option<PathBuf>) {
        self.offers
            .retain(|offer| offer.path != path || offer.access != access);
        self.offers.push(Offer {
            path,
            access,
            directory,
            file,
        });
    }

    /// Where a path is, if it is offered. Nobody has looked yet what is there.
    pub(crate) fn find(&self, path: &Path, access: Access) -> Result<Place<'_>, FileError> {
        let path = normal(path)?;
        let ours = path.file_name().is_some_and(temporary::is_name);
        if ours {
            return Err(FileError::Path {
                path,
                must: "must not name a temporary file of the file service",
            });
        }
        // The closest offer decides, and a path is found in no other if it fails there.
        let candidates = self.offers.iter().filter(|offer| offer.access == access);
        let found = candidates
            .filter_map(|offer| Some((offer, offer.below(&path)?)))
            .max_by_key(|(offer, _)| offer.path.as_os_str().len());
        match found {
            Some((offer, below)) => Ok(Place {
                root: &offer.directory,
                links: match offer.file {
                    Some(_) => Links::Never,
                    None if offer.path == Path::new("/") => Links::Anywhere,
                    None => Links::Inside,
                },
                way: self.way,
                below,
                path,
            }),
            None => Err(FileError::NotOffered { path, access }),
        }
    }
}

impl Offer {
    /// The way from the directory to a path, if this offer is about it.
    fn below(&self, path: &Path) -> Option<PathBuf> {
        if let Some(file) = &self.file {
            return (self.path == path).then(|| file.clone());
        }
        let below = path.strip_prefix(&self.path).ok()?;
        (below != Path::new("")).then(|| below.to_owned())
    }
}

/// The path as it can be compared with another.
fn normal(path: &Path) -> Result<PathBuf, FileError> {
    let refuse = |must| {
        Err(FileError::Path {
            path: path.to_owned(),
            must,
        })
    };
    if path == Path::new("") {
        return refuse("must not be empty");
    }
    if path.as_os_str().as_bytes().contains(&0) {
        return refuse("must not contain zero bytes");
    }
    if !path.is_absolute() {
        return refuse("must be absolute");
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return refuse("must not contain `..`");
    }
    // The components are without doubled slashes and `.`.
    Ok(path.components().collect())
}

fn open_directory(path: &Path, directory: impl AsRef<OsStr>) -> Result<OwnedFd, FileError> {
    rustix::fs::openat(CWD, directory.as_ref(), SEARCH, Mode::empty())
        .map_err(|error| FileError::on_the_way(path, error))
}
