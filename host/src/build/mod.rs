//! What a master ships and did not come with: slave images and the modules of the standard library.
//!
//! Each is looked for in an override directory, then behind the program itself if that is a bundle, else built by cargo
//! in the checkout that this program was compiled from. A second run finds that nothing has changed without asking cargo.
//!
//! It does not know who ships them, nor how.

mod bundle;
mod cache;
mod cargo;
mod checkout;
mod cross;
mod digest;
mod error;
mod image;
mod modules;
mod place;
mod program;
mod progress;
mod stamp;

#[cfg(test)]
mod tests;

pub(crate) use cache::UserCache;
pub use cache::user_cache;
pub(crate) use digest::sha256_hex;
pub use error::BuildError;
pub use image::{Image, Images};
pub use modules::StdModules;
pub use place::Place;
pub use program::{bundle, program};
pub use progress::{Progress, Silent};

use bundle::Bundle;
use place::Carried;
use std::path::PathBuf;
use std::sync::Arc;

/// The variable that names the override directory.
const OVERRIDE: &str = "ZYMOGEN_IMAGES";

/// Where to look for what was built elsewhere.
///
/// The directory holds slave images as `zymogen-slave-MACHINE` (`uname -m` of the target), and
/// modules as `NAME.wasm`. What it lacks is looked for elsewhere.
#[derive(Clone, Default, Debug)]
pub struct Sources {
    /// The override directory, if there is one.
    directory: Option<PathBuf>,
    /// What this program carries.
    bundle: Option<Arc<Bundle>>,
}

/// The directory of the SDK for tasks in Rust, if this program runs where it was compiled.
#[must_use]
pub fn sdk() -> Option<PathBuf> {
    let checkout = checkout::Checkout::find("the SDK").ok()?;
    Some(checkout.root().join("guest-sdk"))
}

impl Sources {
    /// As the environment says, `ZYMOGEN_IMAGES`, and what this program carries.
    ///
    /// # Errors
    /// If it is a bundle that was damaged.
    pub fn from_env() -> Result<Self, BuildError> {
        let directory = std::env::var_os(OVERRIDE).filter(|value| !value.is_empty());
        Ok(Self {
            directory: directory.map(PathBuf::from),
            bundle: Bundle::own()?.map(Arc::new),
        })
    }

    /// An override directory and nothing else.
    #[must_use]
    pub fn directory(path: PathBuf) -> Self {
        Self {
            directory: Some(path),
            bundle: None,
        }
    }

    /// A file of the override directory or of the bundle, if it is there.
    fn find(&self, name: &str) -> Result<Option<Place>, BuildError> {
        if let Some(directory) = &self.directory {
            if !directory.is_dir() {
                return Err(BuildError::NoOverride(directory.clone()));
            }
            let path = directory.join(name);
            if path.is_file() {
                return Ok(Some(Place::File(path)));
            }
        }
        let carried = self.bundle.as_ref().and_then(|bundle| {
            let entry = bundle.find(name)?.clone();
            Some(Place::Carried(Carried {
                bundle: bundle.clone(),
                name: name.to_owned(),
                entry,
            }))
        });
        Ok(carried)
    }

    /// The names of all files in the override directory and in the bundle.
    fn names(&self) -> Result<Vec<String>, BuildError> {
        let mut names = Vec::new();
        if let Some(directory) = &self.directory {
            let entries = std::fs::read_dir(directory);
            let entries = entries.map_err(|_| BuildError::NoOverride(directory.clone()))?;
            let files = entries.flatten().map(|entry| entry.file_name());
            names.extend(files.filter_map(|name| name.into_string().ok()));
        }
        let carried = self.bundle.iter().flat_map(|bundle| bundle.names());
        names.extend(carried.map(str::to_owned));
        Ok(names)
    }
}
