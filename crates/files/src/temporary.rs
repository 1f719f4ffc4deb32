//! The temporary file beside a target: what arrives goes there, and a later attempt finds it again.
//!
//! Its name follows from the target's, so that anybody can guess it, and others may be able to
//! write in its directory. So a file that is found there is used only if this user made it and nobody
//! else can have it open; and whoever holds its lock while it has its name is the one writer.

use crate::error::FileError;
use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const PREFIX: &[u8] = b".zymogen-";
const SUFFIX: &[u8] = b".part";
/// The mode until the content is complete: nobody else reads a part.
const PRIVATE: u32 = 0o600;
/// Others can come and go between two looks, but not so often.
const ATTEMPTS: u32 = 16;
/// A file that could be ours is opened like this. If it is exchanged for a pipe meanwhile, that does not block.
const REOPEN: OFlags = OFlags::RDWR
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
const CREATE: OFlags = OFlags::RDWR
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A temporary file, locked. Dropping it removes it unless `keep` is set.
pub(crate) struct Temporary {
    pub(crate) file: File,
    pub(crate) keep: bool,
    directory: OwnedFd,
    name: String,
    /// The target's, for errors.
    path: PathBuf,
    /// It has become the target.
    renamed: bool,
}

/// Does a name belong to a temporary file? Some file systems do not distinguish capital letters.
pub(crate) fn is_name(name: &OsStr) -> bool {
    let name = name.as_bytes().to_ascii_lowercase();
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// As long for each target, because a name can be as long as the file system allows.
fn name_for(target: &OsStr) -> String {
    let digest = blake3::hash(target.as_bytes()).to_hex();
    format!(".zymogen-{}.part", &digest[..32])
}

impl Temporary {
    /// Makes the temporary file of a target, or finds what an earlier attempt left.
    pub(crate) fn open(
        path: &Path,
        directory: OwnedFd,
        target: &OsStr,
        keep: bool,
    ) -> Result<Self, FileError> {
        let name = name_for(target);
        let slot = Slot {
            path,
            directory: &directory,
            name: &name,
        };
        for _ in 0..ATTEMPTS {
            let file = match slot.create()? {
                None => slot.reopen()?,
                created => created,
            };
            if let Some(file) = file {
                return Ok(Self {
                    file,
                    keep,
                    path: path.to_owned(),
                    directory,
                    name,
                    renamed: false,
                });
            }
        }
        Err(slot.untrusted("is exchanged again and again"))
    }

    /// Makes it the target.
    pub(crate) fn rename(&mut self, target: &OsStr) -> Result<(), FileError> {
        if !self.has_name(OsStr::new(&self.name)) {
            return Err(self.exchanged());
        }
        rustix::fs::renameat(&self.directory, &self.name, &self.directory, target)
            .map_err(|error| FileError::io("replace", &self.path, error))?;
        self.renamed = true;
        // Somebody who can write in the directory can be quick.
        if !self.has_name(target) {
            return Err(self.exchanged());
        }
        self.sync_directory()
            .map_err(|error| FileError::io("store the new name of", &self.path, error))
    }

    /// What has the target's name now.
    pub(crate) fn stat(&self, target: &OsStr) -> Result<Option<Stat>, FileError> {
        look(&self.path, &self.directory, target)
    }

    fn has_name(&self, name: &OsStr) -> bool {
        has_name(&self.file, &self.directory, name).unwrap_or(false)
    }

    fn exchanged(&self) -> FileError {
        FileError::Changed {
            path: self.path.clone(),
            what: "its temporary file was exchanged",
        }
    }

    /// After a crash the name must lead to the new content.
    fn sync_directory(&self) -> Result<(), Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let synced = rustix::fs::openat(&self.directory, ".", flags, Mode::empty())
            .and_then(rustix::fs::fsync);
        match synced {
            // One may write in a directory without reading it, and not all file systems know this.
            Err(Errno::ACCESS | Errno::INVAL) => rustix::fs::syncfs(&self.file),
            done => done,
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.keep && !self.renamed && self.has_name(OsStr::new(&self.name)) {
            let _ = rustix::fs::unlinkat(&self.directory, &self.name, AtFlags::empty());
        }
        // A process that is being started may hold a copy of the descriptor for a moment.
        let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock);
    }
}

/// The place where a temporary file shall be.
struct Slot<'a> {
    path: &'a Path,
    directory: &'a OwnedFd,
    name: &'a str,
}

impl Slot<'_> {
    /// A new file, locked. None if there is something of that name.
    fn create(&self) -> Result<Option<File>, FileError> {
        let mode = Mode::from(PRIVATE);
        let file = match rustix::fs::openat(self.directory, self.name, CREATE, mode) {
            Ok(file) => File::from(file),
            Err(Errno::EXIST) => return Ok(None),
            Err(error) => return Err(self.io("make a temporary file for", error)),
        };
        // The process's umask may have taken bits away.
        rustix::fs::fchmod(&file, mode).map_err(|error| self.io("change the mode of", error))?;
        self.lock(&file)?;
        Ok(self.is(&file)?.then_some(file))
    }

    /// What is there, locked, if it can be trusted. If not, it is removed; None then.
    fn reopen(&self) -> Result<Option<File>, FileError> {
        let found = stat(self.directory, self.name).map_err(|error| self.io("look at", error))?;
        let Some(found) = found else {
            return Ok(None);
        };
        match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => {}
            FileType::Directory => return Err(self.untrusted("is a directory")),
            _ => return self.remove(),
        }
        let file = match rustix::fs::openat(self.directory, self.name, REOPEN, Mode::empty()) {
            Ok(file) => File::from(file),
            // Another than a moment ago.
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(None),
            Err(Errno::ACCESS | Errno::PERM) => return Err(self.untrusted("is somebody else's")),
            Err(error) => return Err(self.io("open the temporary file of", error)),
        };
        // Also of a file that is not trusted: it may be another user's, who is writing.
        self.lock(&file)?;
        if !self.is(&file)? {
            return Ok(None);
        }
        let found = rustix::fs::fstat(&file).map_err(|error| self.io("look at", error))?;
        if is_trusted(&found) {
            return Ok(Some(file));
        }
        self.remove()
    }

    fn lock(&self, file: &File) -> Result<(), FileError> {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(()),
            Err(Errno::WOULDBLOCK) => Err(FileError::Busy {
                path: self.path.to_owned(),
            }),
            Err(error) => Err(self.io("lock the temporary file of", error)),
        }
    }

    /// A writer that had the lock before may have renamed or removed the file since it was opened.
    fn is(&self, file: &File) -> Result<bool, FileError> {
        has_name(file, self.directory, self.name).map_err(|error| self.io("look at", error))
    }

    fn remove(&self) -> Result<Option<File>, FileError> {
        match rustix::fs::unlinkat(self.directory, self.name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(None),
            Err(_) => Err(self.untrusted("is none that this user made, or has another name, too")),
        }
    }

    fn io(&self, action: &'static str, error: Errno) -> FileError {
        FileError::io(action, self.path, error)
    }

    fn untrusted(&self, why: &'static str) -> FileError {
        FileError::Untrusted {
            path: self.path.to_owned(),
            temporary: self.name.to_owned(),
            why,
        }
    }
}

/// Made by this user, and never open to another.
fn is_trusted(found: &Stat) -> bool {
    FileType::from_raw_mode(found.st_mode) == FileType::RegularFile
        && found.st_uid == rustix::process::geteuid().as_raw()
        && found.st_nlink == 1
        && Mode::from_raw_mode(found.st_mode) == Mode::from(PRIVATE)
}

/// What has a name in a directory. A link is not followed.
pub(crate) fn look(
    path: &Path,
    directory: &OwnedFd,
    name: &OsStr,
) -> Result<Option<Stat>, FileError> {
    stat(directory, name).map_err(|error| FileError::io("look at", path, error))
}

fn stat(directory: &OwnedFd, name: impl rustix::path::Arg) -> Result<Option<Stat>, Errno> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Does the name lead to exactly this file?
fn has_name(file: &File, directory: &OwnedFd, name: impl rustix::path::Arg) -> Result<bool, Errno> {
    let open = rustix::fs::fstat(file)?;
    let named = stat(directory, name)?;
    Ok(named.is_some_and(|named| (named.st_dev, named.st_ino) == (open.st_dev, open.st_ino)))
}
