//! Reading a file that is offered, piece by piece, from any position on.

use crate::Digest;
use crate::content::{Content, PIECE};
use crate::error::FileError;
use crate::metadata::{Metadata, Version};
use crate::registry::{Access, Registry};
use bytes::Bytes;
use rustix::fs::Stat;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// An open file. Call [`Reader::next`] until it gives nothing, then take the [`Reader::digest`].
///
/// What is read is the file as it was when it was opened: if it is another at the end, the end is an error.
/// A change in the same tick of the file system's clock as the opening can pass unseen; the digest covers
/// what was read in any case.
pub struct Reader {
    path: PathBuf,
    file: File,
    opened: Version,
    metadata: Metadata,
    content: Content,
    /// Where the next piece begins.
    position: u64,
    ended: bool,
}

impl Reader {
    /// Opens a file to read it from `offset` on. What is before is hashed later, see [`Reader::catch_up`].
    pub fn open(
        registry: &Registry,
        path: impl AsRef<Path>,
        offset: u64,
    ) -> Result<Self, FileError> {
        let place = registry.find(path.as_ref(), Access::Read)?;
        let (file, stat) = place.open_regular()?;
        let metadata = Metadata::new(&stat);
        let path = place.path;
        if offset > metadata.size {
            let size = metadata.size;
            return Err(FileError::Offset { path, offset, size });
        }
        Ok(Self {
            path,
            file,
            opened: Version::new(&stat),
            metadata,
            content: Content::new(),
            position: offset,
            ended: false,
        })
    }

    /// As it was when the file was opened.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Hashes at most `max` bytes of what is skipped, and returns how many are left. [`Reader::next`] does it
    /// for all of them; who wants to be able to stop meanwhile does it in steps before.
    pub fn catch_up(&mut self, max: u64) -> Result<u64, FileError> {
        self.content
            .catch_up(&self.path, &self.file, self.position, max)
    }

    /// The next bytes, at least one and at most `max` of them, or fewer if that is much. Empty at the end, and
    /// only if the file is still what it was.
    pub fn next(&mut self, max: usize) -> Result<Bytes, FileError> {
        self.catch_up(u64::MAX)?;
        let left = self.opened.size.saturating_sub(self.position);
        if left == 0 {
            self.unchanged()?;
            self.ended = true;
            return Ok(Bytes::new());
        }
        let wanted = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let mut piece = vec![0; wanted.min(max.max(1))];
        let read = self.read(&mut piece)?;
        if read == 0 {
            return Err(self.changed("it is shorter now"));
        }
        piece.truncate(read);
        self.content.add(&piece);
        self.position += read as u64;
        Ok(piece.into())
    }

    /// The digest of the whole content, from its first byte on wherever reading began. None before the end.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.ended.then(|| self.content.digest())
    }

    fn unchanged(&self) -> Result<(), FileError> {
        let stat: Stat = rustix::fs::fstat(&self.file)
            .map_err(|error| FileError::io("look at", &self.path, error))?;
        if let Some(what) = self.opened.difference(&Version::new(&stat)) {
            return Err(self.changed(what));
        }
        // Files that the kernel makes up say that they are empty, and are not.
        if self.read(&mut [0])? > 0 {
            return Err(self.changed("it has more bytes than its size says"));
        }
        Ok(())
    }

    fn read(&self, piece: &mut [u8]) -> Result<usize, FileError> {
        loop {
            match self.file.read_at(piece, self.position) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return done.map_err(|error| FileError::io("read", &self.path, error)),
            }
        }
    }

    fn changed(&self, what: &'static str) -> FileError {
        let path = self.path.clone();
        FileError::Changed { path, what }
    }
}
