//! The modules of the standard library: one for each folder below `modules/`.

use super::cargo::Build;
use super::checkout::Checkout;
use super::{BuildError, Place, Progress, Sources};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const WHAT: &str = "the standard modules";
const TARGET: &str = "wasm32-wasip2";

/// What modules are built of.
const INPUTS: [&str; 3] = ["modules", "guest-sdk", "wit"];

/// The standard library. All of it is built at once.
pub struct StdModules {
    sources: Sources,
    progress: Arc<dyn Progress>,
    built: Mutex<Option<BTreeMap<String, PathBuf>>>,
}

impl StdModules {
    /// Looks for nothing yet.
    #[must_use]
    pub fn new(sources: Sources, progress: Arc<dyn Progress>) -> Self {
        Self {
            sources,
            progress,
            built: Mutex::default(),
        }
    }

    /// The names of all standard modules, sorted. Builds nothing.
    ///
    /// # Errors
    /// If there are modules nowhere: not in an override directory, not in this program, and no checkout.
    pub fn names(&self) -> Result<Vec<String>, BuildError> {
        let names = self.sources.names()?;
        let modules = names.iter().filter_map(|name| name.strip_suffix(".wasm"));
        let mut names: BTreeSet<_> = modules.map(str::to_owned).collect();
        match Checkout::find(WHAT) {
            Ok(checkout) => names.extend(folders(checkout.root())?),
            Err(error) if names.is_empty() => return Err(error),
            Err(_) => {}
        }
        Ok(names.into_iter().collect())
    }

    /// Where a module is, after it was built if need be. Blocks, perhaps for a minute.
    ///
    /// # Errors
    /// If it is neither there nor can be built.
    pub fn find(&self, name: &str) -> Result<Place, BuildError> {
        if let Some(place) = self.sources.find(&file_name(name))? {
            return Ok(place);
        }
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let paths = match &mut *built {
            Some(paths) => paths,
            empty => empty.insert(self.build()?),
        };
        let path = paths.get(name).cloned();
        path.map(Place::File)
            .ok_or_else(|| BuildError::NoModule(name.to_owned()))
    }

    fn build(&self) -> Result<BTreeMap<String, PathBuf>, BuildError> {
        let checkout = Checkout::find(WHAT)?;
        let names = folders(checkout.root())?;
        let build = Build {
            what: WHAT.to_owned(),
            name: "modules",
            packages: names.iter().map(|name| format!("module-{name}")).collect(),
            profile: "guest",
            targets: &[TARGET],
            inputs: &INPUTS,
            c_flags: "",
            outputs: names.iter().map(|name| file_name(name)).collect(),
        };
        let outputs = build.run(&checkout, &*self.progress)?;
        Ok(names.into_iter().zip(outputs).collect())
    }
}

/// The names of the folders that hold a module: each is the name of its library, too.
fn folders(root: &Path) -> Result<BTreeSet<String>, BuildError> {
    let directory = root.join("modules");
    let entries = fs::read_dir(&directory).map_err(|error| BuildError::Io {
        path: directory,
        error,
    })?;
    let paths = entries.flatten().map(|entry| entry.path());
    let modules = paths.filter(|path| path.join("Cargo.toml").is_file());
    Ok(modules.filter_map(|path| stem(&path)).collect())
}

fn stem(path: &Path) -> Option<String> {
    Some(path.file_stem()?.to_str()?.to_owned())
}

/// The name of a module's file, built or given.
pub(super) fn file_name(name: &str) -> String {
    format!("{name}.wasm")
}
