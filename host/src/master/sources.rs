//! Files of this machine that tasks install elsewhere, by digest.

use bytes::Bytes;
use proto::Digest;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A file that was offered: what `zymogen:task/grants.source` says of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// The path, as the plan gives it.
    pub name: String,
    /// BLAKE3 of the content.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
}

/// A file that cannot be offered.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {error}")]
pub struct SourceError {
    /// The file.
    pub path: PathBuf,
    /// The operating system's word.
    pub error: io::Error,
}

/// The files that contexts may ask for.
#[derive(Debug, Default)]
pub struct Sources {
    offered: Mutex<HashMap<Digest, PathBuf>>,
}

impl Sources {
    /// Reads a file once for its digest. From now on contexts may ask for it.
    ///
    /// # Errors
    /// If it cannot be read, or is no regular file.
    pub fn offer(&self, name: &str, path: &Path) -> Result<Source, SourceError> {
        let fail = |error| SourceError {
            path: path.to_owned(),
            error,
        };
        let file = File::open(path).map_err(fail)?;
        let metadata = file.metadata().map_err(fail)?;
        if !metadata.is_file() {
            let why = "it is no regular file";
            return Err(fail(io::Error::new(io::ErrorKind::InvalidInput, why)));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file).map_err(fail)?;
        let digest = Digest(*hasher.finalize().as_bytes());
        self.offered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest, path.to_owned());
        Ok(Source {
            name: name.to_owned(),
            digest,
            size: metadata.len(),
        })
    }

    /// The content of an offered file, for a context that asks for it.
    pub(super) fn read(&self, digest: &Digest) -> Result<Bytes, String> {
        let path = self
            .offered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(digest)
            .cloned()
            .ok_or("the master has not offered it")?;
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if blake3::hash(&bytes).as_bytes() == &digest.0 {
            Ok(bytes.into())
        } else {
            Err(format!(
                "{} has changed since the plan was read",
                path.display()
            ))
        }
    }
}
