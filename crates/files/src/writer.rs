//! Writing a file where that is offered: beside the target first, in its place when it is complete.

use crate::Digest;
use crate::attributes::{Resolved, Wanted};
use crate::content::Content;
use crate::error::FileError;
use crate::metadata::Metadata;
use crate::registry::{Access, Registry};
use crate::resolve::is_regular;
use crate::temporary::{self, Temporary};
use rustix::fs::FileType;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What shall be written.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Plan {
    /// Of the whole content, in bytes.
    pub size: u64,
    /// What the file shall have besides its content.
    pub metadata: Wanted,
    /// Go on where an earlier attempt ended, and leave what there is for a later one.
    pub resume: bool,
}

/// A file that is being written. Nobody sees it before [`Writer::finish`]: write from [`Writer::offset`] on
/// until the announced size is reached, then finish with the digest of the whole.
///
/// The second writer of the same file is refused while the first is there. A writer that is dropped
/// leaves what it has for a later attempt if it was opened to resume, and else nothing.
pub struct Writer {
    path: PathBuf,
    target: OsString,
    temporary: Temporary,
    attributes: Resolved,
    size: u64,
    content: Content,
    /// Bytes that are there.
    offset: u64,
}

impl Writer {
    /// Begins to write a file, or goes on with it. Its directory must be there.
    pub fn open(
        registry: &Registry,
        path: impl AsRef<Path>,
        plan: &Plan,
    ) -> Result<Self, FileError> {
        let place = registry.find(path.as_ref(), Access::Write)?;
        let attributes = Resolved::new(&place.path, &plan.metadata)?;
        let (directory, target) = place.open_parent()?;
        // Now rather than when all has come.
        if let Some(old) = temporary::look(&place.path, &directory, target)? {
            is_regular(&place.path, &old)?;
        }
        let temporary = Temporary::open(&place.path, directory, target, plan.resume)?;
        let target = target.to_owned();
        let path = place.path;
        let io = |action| {
            let path = path.clone();
            move |error: io::Error| FileError::io(action, &path, error)
        };
        let found = temporary.file.metadata().map_err(io("look at"))?.len();
        let offset = if plan.resume && found <= plan.size {
            found
        } else {
            temporary.file.set_len(0).map_err(io("empty"))?;
            0
        };
        Ok(Self {
            path,
            target,
            temporary,
            attributes,
            size: plan.size,
            content: Content::new(),
            offset,
        })
    }

    /// How many bytes are there: what comes next begins here.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Hashes at most `max` bytes of what was there already, and returns how many are left. The first
    /// [`Writer::write`] does it for all of them; who wants to be able to stop meanwhile does it in steps before.
    pub fn catch_up(&mut self, max: u64) -> Result<u64, FileError> {
        self.content
            .catch_up(&self.path, &self.temporary.file, self.offset, max)
    }

    /// Writes what comes next. After an error [`Writer::offset`] says how much of it is there.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.catch_up(u64::MAX)?;
        let more = (bytes.len() as u64).saturating_sub(self.size - self.offset);
        if more > 0 {
            return Err(FileError::TooLong {
                path: self.path.clone(),
                announced: self.size,
                more,
            });
        }
        let mut left = bytes;
        while !left.is_empty() {
            let written = match self.temporary.file.write_at(left, self.offset) {
                Ok(0) => Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
                done => done,
            }
            .map_err(|error| FileError::io("write", &self.path, error))?;
            let (done, rest) = left.split_at(written);
            self.content.add(done);
            self.offset += written as u64;
            left = rest;
        }
        Ok(())
    }

    /// Puts the file in its place if it is the announced one. Returns what is there then.
    ///
    /// A wrong content is removed. After another error it stays for a later attempt if the writer was
    /// opened to resume.
    pub fn finish(mut self, digest: Digest) -> Result<Metadata, FileError> {
        self.catch_up(u64::MAX)?;
        let found = self.content.digest();
        if self.offset != self.size || found != digest {
            self.temporary.keep = false;
            return Err(FileError::Mismatch {
                path: self.path.clone(),
                announced: self.size,
                received: self.offset,
                expected: digest,
                found,
            });
        }
        let io = |action| {
            let path = &self.path;
            move |error: io::Error| FileError::io(action, path, error)
        };
        let old = self.temporary.stat(&self.target)?;
        // A link that was put there meanwhile is replaced, and has nothing that should be kept.
        let old = old.filter(|old| FileType::from_raw_mode(old.st_mode) == FileType::RegularFile);
        let file = &self.temporary.file;
        self.attributes.apply(&self.path, file, old.as_ref())?;
        file.sync_all().map_err(io("store"))?;
        let stat = rustix::fs::fstat(file).map_err(|error| io("look at")(error.into()))?;
        let metadata = Metadata::new(&stat);
        if metadata.size != self.size {
            self.temporary.keep = false;
            return Err(FileError::Changed {
                path: self.path.clone(),
                what: "its temporary file has another size",
            });
        }
        self.temporary.rename(&self.target)?;
        Ok(metadata)
    }

    /// Stops. What came stays for a later attempt if `keep` is set.
    pub fn abandon(mut self, keep: bool) {
        self.temporary.keep = keep;
    }
}
