//! From a path that somebody asks for to an open file, never out of what is offered.
//!
//! The kernel does it in one step where it has `openat2`: it follows links that stay below the pinned
//! directory and refuses all others, also when directories are exchanged for links meanwhile. Elsewhere
//! each component is opened by itself and no link is followed.

use crate::error::FileError;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Opens a directory on the way to something else: that it may be searched is enough.
pub(crate) const SEARCH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// The kernel gives up a walk when something was renamed meanwhile, and asks for another attempt.
const ATTEMPTS: u32 = 64;

/// How a path is walked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// By the kernel.
    Openat2,
    /// One component after the other.
    Walk,
}

impl Way {
    pub(crate) fn of_this_kernel() -> Self {
        // Filters of system calls refuse what they do not know in one of two ways.
        match rustix::fs::openat2(CWD, "/", SEARCH, Mode::empty(), ResolveFlags::NO_MAGICLINKS) {
            Err(Errno::NOSYS | Errno::PERM) => Self::Walk,
            _ => Self::Openat2,
        }
    }
}

/// Which links are followed, if the kernel can do that safely.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Links {
    /// All: out of the root directory of the file system no link leads.
    Anywhere,
    /// Those that stay below the root.
    Inside,
    /// None: links were followed when the file was offered.
    Never,
}

/// A path below something that is offered.
pub(crate) struct Place<'r> {
    pub(crate) root: &'r OwnedFd,
    pub(crate) links: Links,
    pub(crate) way: Way,
    /// The way from the root, of normal components only.
    pub(crate) below: PathBuf,
    /// The whole path.
    pub(crate) path: PathBuf,
}

impl Place<'_> {
    /// Opens a regular file for reading. Nothing else: a pipe or a device could block for ever.
    pub(crate) fn open_regular(&self) -> Result<(File, Stat), FileError> {
        // Opening a device can do something already, so there is a look before.
        let seen = self.open(&self.below, OFlags::PATH)?;
        is_regular(&self.path, &self.stat(&seen)?)?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = self.open(&self.below, flags)?;
        let found = self.stat(&file)?;
        is_regular(&self.path, &found)?;
        Ok((File::from(file), found))
    }

    /// Opens the directory that the path is in, and gives the last name.
    pub(crate) fn open_parent(&self) -> Result<(OwnedFd, &OsStr), FileError> {
        let (Some(parent), Some(name)) = (self.below.parent(), self.below.file_name()) else {
            let path = self.path.clone();
            let what = "a directory";
            return Err(FileError::NotRegular { path, what });
        };
        let directory = self.open(parent, OFlags::PATH | OFlags::DIRECTORY)?;
        Ok((directory, name))
    }

    fn open(&self, below: &Path, flags: OFlags) -> Result<OwnedFd, FileError> {
        let below = if below == Path::new("") {
            Path::new(".")
        } else {
            below
        };
        let flags = flags | OFlags::CLOEXEC;
        match (self.links, self.way) {
            (Links::Anywhere, Way::Walk) => {
                rustix::fs::openat(self.root, below, flags, Mode::empty())
            }
            (_, Way::Openat2) => self.in_one_step(below, flags),
            (_, Way::Walk) => walk(self.root, below, flags),
        }
        .map_err(|error| FileError::on_the_way(&self.path, error))
    }

    fn in_one_step(&self, below: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let resolve = match self.links {
            Links::Anywhere => ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
            Links::Inside => ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS,
            Links::Never => ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
        };
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            match rustix::fs::openat2(self.root, below, flags, Mode::empty(), resolve) {
                Err(Errno::AGAIN | Errno::INTR) if left > 0 => {}
                done => return done,
            }
        }
    }

    fn stat(&self, file: &OwnedFd) -> Result<Stat, FileError> {
        rustix::fs::fstat(file).map_err(|error| FileError::io("look at", &self.path, error))
    }
}

fn walk(root: &OwnedFd, below: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::NOFOLLOW;
    let Some(name) = below.file_name() else {
        return rustix::fs::openat(root, below, flags, Mode::empty());
    };
    let mut directory = None;
    for name in below.parent().unwrap_or(Path::new("")) {
        let from = directory.as_ref().unwrap_or(root);
        directory = Some(step(from, name, SEARCH | OFlags::NOFOLLOW)?);
    }
    step(directory.as_ref().unwrap_or(root), name, flags)
}

fn step(from: &OwnedFd, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(from, name, flags, Mode::empty()).map_err(|error| {
        let is_link = |stat: Stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
        // The system says the same of a file and of a link.
        match rustix::fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if error == Errno::NOTDIR && is_link(found) => Errno::LOOP,
            _ => error,
        }
    })
}

/// Refuses what has no content of its own.
pub(crate) fn is_regular(path: &Path, found: &Stat) -> Result<(), FileError> {
    let path = path.to_owned();
    let what = match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => return Err(FileError::Link { path }),
        FileType::Directory => "a directory",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "of an unknown kind",
    };
    Err(FileError::NotRegular { path, what })
}
