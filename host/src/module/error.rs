//! What can be wrong with a module, before any host is touched.

use crate::output::text;
use crate::value::nearest::nearest;
use std::path::PathBuf;

/// A module that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// Nothing has this name.
    #[error("there is no module `{name}`")]
    Unknown {
        /// What the user wrote.
        name: String,
        /// The standard library.
        known: Vec<String>,
    },
    /// The file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's word.
        error: std::io::Error,
    },
    /// The file is WebAssembly, but of the older kind.
    #[error(
        "{path} is a core module, not a component. Build it for the target wasm32-wasip2, or make a component of it with `wasm-tools component new`"
    )]
    CoreModule {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is no WebAssembly component: it begins with {found:02x?}")]
    NotWasm {
        /// The file.
        path: PathBuf,
        /// Its first bytes.
        found: Vec<u8>,
    },
    /// The component is invalid, or needs what this build of wasmtime does not have.
    #[error("module `{name}` cannot be compiled: {why}")]
    Compile {
        /// The module.
        name: String,
        /// wasmtime's word.
        why: String,
    },
    /// It imports what no context offers.
    #[error("module `{name}` cannot be linked: {why}")]
    Import {
        /// The module.
        name: String,
        /// wasmtime's word, which names the import.
        why: String,
    },
    /// Its WIT cannot be read back.
    #[error("the types of module `{name}` cannot be read: {why}")]
    Wit {
        /// The module.
        name: String,
        /// The parser's word.
        why: String,
    },
    /// It exports no such function.
    #[error(
        "module `{module}` has no export `{export}`{} It exports: {}",
        did_you_mean(export, known),
        list(known)
    )]
    NoExport {
        /// The module.
        module: String,
        /// What the user wrote.
        export: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Several interfaces export it.
    #[error(
        "`{export}` of module `{module}` could be any of: {}",
        list(candidates)
    )]
    Ambiguous {
        /// The module.
        module: String,
        /// What the user wrote.
        export: String,
        /// What it could mean.
        candidates: Vec<String>,
    },
    /// `deploy` needs a task.
    #[error("module `{module}` is no task: {why}")]
    NotATask {
        /// The module.
        module: String,
        /// What is missing.
        why: String,
    },
    /// The standard library could not be built.
    #[error(transparent)]
    Build(#[from] crate::build::BuildError),
}

impl ModuleError {
    /// What may be done about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let Self::Unknown { name, known } = self else {
            return None;
        };
        let near = text::did_you_mean(nearest(name, known.iter().map(String::as_str)));
        let all = || format!("there are {}; a path has a slash in it", known.join(", "));
        Some(near.unwrap_or_else(all))
    }
}

fn did_you_mean(name: &str, known: &[String]) -> String {
    nearest(name, known.iter().map(String::as_str)).map_or_else(
        || ".".to_owned(),
        |near| format!("; did you mean `{near}`?"),
    )
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    }
}
