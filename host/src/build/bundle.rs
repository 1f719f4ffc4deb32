//! What a program that `zymogen bundle` made carries behind its own bytes: the files that the override directory could
//! hold, slave images and standard modules.
//!
//! ```text
//! PROGRAM FILE ... INDEX FOOTER
//! ```
//!
//! Each file is one zstd frame. The index is JSON and says where each is, how long it is and what its digests are. The
//! footer is `ZYMOBNDL`, the length of the index (8 bytes, the lowest first) and its SHA-256. In the program itself a
//! mark says that there is more, so that a bundle whose end was cut off knows that it was one.

mod write;

#[cfg(test)]
mod tests;

pub(super) use write::{Content, marked, write};

use super::BuildError;
use super::digest::{sha256, sha256_hex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"ZYMOBNDL";
const FOOTER: u64 = 48;
/// An index has a line for each module, a few hundred bytes long.
const MAX_INDEX: u64 = 16 << 20;

/// The last byte is changed in the program of a bundle.
static MARK: [u8; 24] = *b"zymogen carries files: -";
const MARKED: u8 = b'+';

/// What the index says of a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Where its frame begins, in bytes from the program's first.
    offset: u64,
    /// The length of its frame.
    length: u64,
    /// SHA-256 of its frame.
    packed_sha256: String,
    /// Its own length.
    pub(super) size: u64,
    /// SHA-256 of itself, 64 lower-case hexadecimal digits.
    pub(super) sha256: String,
}

/// An open bundle.
#[derive(Debug)]
pub(super) struct Bundle {
    path: PathBuf,
    file: File,
    files: BTreeMap<String, Entry>,
}

impl Bundle {
    /// The running program's own, if it has one.
    pub(super) fn own() -> Result<Option<Self>, BuildError> {
        // Opaque, or the compiler would take what was there at its time.
        if !black_box(&MARK).ends_with(&[MARKED]) {
            return Ok(None);
        }
        // This file is this program even if it was moved or replaced since it was started.
        let path = env::current_exe().unwrap_or_else(|_| "this program".into());
        let file = File::open("/proc/self/exe");
        let file = file.map_err(|error| io(&path, error))?;
        Self::read_index(path, file).map(Some)
    }

    #[cfg(test)]
    fn open(path: &Path) -> Result<Self, BuildError> {
        let file = File::open(path).map_err(|error| io(path, error))?;
        Self::read_index(path.to_owned(), file)
    }

    fn read_index(path: PathBuf, file: File) -> Result<Self, BuildError> {
        let end = file.metadata().map_err(|error| io(&path, error))?.len();
        let cut = || BuildError::CutBundle(path.clone());
        let footer_at = end.checked_sub(FOOTER).ok_or_else(cut)?;
        let mut footer = [0; FOOTER as usize];
        let read = file.read_exact_at(&mut footer, footer_at);
        read.map_err(|error| io(&path, error))?;
        let (magic, rest) = footer.split_at(8);
        if magic != MAGIC {
            return Err(cut());
        }
        let (length, digest) = rest.split_at(8);
        let length = length
            .iter()
            .rev()
            .fold(0, |n, byte| n << 8 | u64::from(*byte));
        let damaged = |why: &str| BuildError::DamagedBundle {
            path: path.clone(),
            why: why.to_owned(),
        };
        let index_at = footer_at
            .checked_sub(length)
            .filter(|_| length <= MAX_INDEX);
        let index_at = index_at.ok_or_else(|| damaged("its index has no sensible length"))?;
        let mut index = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = file.read_exact_at(&mut index, index_at);
        read.map_err(|error| io(&path, error))?;
        if sha256(&index)[..] != *digest {
            return Err(damaged("its index is not what it was"));
        }
        let files = serde_json::from_slice::<BTreeMap<String, Entry>>(&index);
        let files = files.map_err(|error| damaged(&format!("its index: {error}")))?;
        let inside = |entry: &Entry| {
            let end = entry.offset.checked_add(entry.length);
            end.is_some_and(|end| end <= index_at)
        };
        if !files.values().all(inside) {
            return Err(damaged("its index points beyond its end"));
        }
        Ok(Self { path, file, files })
    }

    /// The names of all files.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        self.files.get(name)
    }

    /// The zstd frame of a file, which is what it was.
    pub(super) fn packed(&self, entry: &Entry) -> Result<Vec<u8>, BuildError> {
        let mut frame = vec![0; usize::try_from(entry.length).unwrap_or_default()];
        let read = self.file.read_exact_at(&mut frame, entry.offset);
        read.map_err(|error| io(&self.path, error))?;
        if sha256_hex(&frame) == entry.packed_sha256 {
            Ok(frame)
        } else {
            Err(self.damaged("a part is not what it was"))
        }
    }

    /// A file, which is what it was.
    pub(super) fn read(&self, entry: &Entry) -> Result<Vec<u8>, BuildError> {
        let frame = self.packed(entry)?;
        let size = usize::try_from(entry.size).unwrap_or_default();
        let content = zstd::bulk::decompress(&frame, size);
        let content = content.map_err(|error| self.damaged(&error.to_string()))?;
        if sha256_hex(&content) == entry.sha256 {
            Ok(content)
        } else {
            Err(self.damaged("a part unpacks to something else"))
        }
    }

    fn damaged(&self, why: &str) -> BuildError {
        BuildError::DamagedBundle {
            path: self.path.clone(),
            why: why.to_owned(),
        }
    }
}

fn io(path: &Path, error: std::io::Error) -> BuildError {
    BuildError::Io {
        path: path.to_owned(),
        error,
    }
}
