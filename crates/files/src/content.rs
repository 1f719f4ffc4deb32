//! The digest of a content that is hashed while it is moved, and from the disk where that was done before.

use crate::Digest;
use crate::error::FileError;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes that are in memory at once.
pub(crate) const PIECE: usize = 256 << 10;

/// A content from its first byte on, as far as it is hashed.
pub(crate) struct Content {
    hasher: blake3::Hasher,
    hashed: u64,
}

impl Content {
    pub(crate) fn new() -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            hashed: 0,
        }
    }

    /// Adds what comes next.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.hashed += bytes.len() as u64;
    }

    /// Adds what a file has from here up to `end`, at most `max` bytes. Returns how many are left.
    pub(crate) fn catch_up(
        &mut self,
        path: &Path,
        file: &File,
        end: u64,
        max: u64,
    ) -> Result<u64, FileError> {
        let stop = end.min(self.hashed.saturating_add(max));
        let mut piece = Vec::new();
        while self.hashed < stop {
            let wanted = usize::try_from(stop - self.hashed).map_or(PIECE, |left| left.min(PIECE));
            piece.resize(wanted, 0);
            match file.read_at(&mut piece, self.hashed) {
                Ok(0) => {
                    return Err(FileError::Changed {
                        path: path.to_owned(),
                        what: "it is shorter now",
                    });
                }
                Ok(read) => self.add(&piece[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(FileError::io("read", path, error)),
            }
        }
        Ok(end.saturating_sub(self.hashed))
    }

    pub(crate) fn digest(&self) -> Digest {
        *self.hasher.finalize().as_bytes()
    }
}
