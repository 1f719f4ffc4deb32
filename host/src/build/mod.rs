//! What a master ships and did not come with: slave images and the modules of the standard library.
//!
//! Each is looked for in an override directory, then built by cargo in the checkout that this program
//! was compiled from. A second run finds that nothing has changed without asking cargo.
//!
//! It does not know who ships them, nor how.

mod cache;
mod cargo;
mod checkout;
mod error;
mod image;
mod modules;
mod progress;
mod stamp;

#[cfg(test)]
mod tests;

pub use cache::user_cache;
pub use error::BuildError;
pub use image::{Image, Images};
pub use modules::StdModules;
pub use progress::{Progress, Silent};

use cache::UserCache;
use std::path::PathBuf;

/// The variable that names the override directory.
const OVERRIDE: &str = "ZYMOGEN_IMAGES";

/// Where to look for what was built elsewhere.
///
/// The directory holds slave images as `zymogen-slave-MACHINE` (`uname -m` of the target), and
/// modules as `NAME.wasm`. What it lacks is looked for elsewhere.
#[derive(Clone, Default, Debug)]
pub struct Sources {
    /// The override directory, if there is one.
    pub directory: Option<PathBuf>,
}

impl Sources {
    /// As the environment says: `ZYMOGEN_IMAGES`.
    #[must_use]
    pub fn from_env() -> Self {
        let directory = std::env::var_os(OVERRIDE).filter(|value| !value.is_empty());
        Self {
            directory: directory.map(PathBuf::from),
        }
    }

    /// A file of the override directory, if it is there.
    fn find(&self, name: &str) -> Result<Option<PathBuf>, BuildError> {
        let Some(directory) = &self.directory else {
            return Ok(None);
        };
        if !directory.is_dir() {
            return Err(BuildError::NoOverride(directory.clone()));
        }
        let path = directory.join(name);
        Ok(path.is_file().then_some(path))
    }
}
