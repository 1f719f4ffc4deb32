//! Where a file that ships was found.

use super::BuildError;
use super::bundle::{Bundle, Entry};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// On disk, or in the running program.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file of its own.
    File(PathBuf),
    /// Behind this program's own bytes.
    Carried(Carried),
}

/// A file of a bundle.
#[derive(Clone, Debug)]
pub struct Carried {
    pub(super) bundle: Arc<Bundle>,
    pub(super) name: String,
    pub(super) entry: Entry,
}

impl Place {
    /// The content.
    ///
    /// # Errors
    /// If it cannot be read, or is not what was put into the bundle.
    pub fn read(&self) -> Result<Vec<u8>, BuildError> {
        match self {
            Self::File(path) => fs::read(path).map_err(|error| BuildError::Io {
                path: path.clone(),
                error,
            }),
            Self::Carried(carried) => carried.bundle.read(&carried.entry),
        }
    }

    /// What to call it: its path, or its name in the bundle.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Carried(carried) => PathBuf::from(&carried.name),
        }
    }
}
