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
        "{path} is a core module, neither a component nor a program for WASI 0.1. Build it for the target wasm32-wasip2, or make a component of it with `wasm-tools component new`"
    )]
    CoreModule {
        /// The file.
        path: PathBuf,
    },
    /// The file is a program for WASI 0.1, and cannot become a component.
    #[error("no component can be made of {path}: {why}")]
    Program {
        /// The file.
        path: PathBuf,
        /// The tool's word.
        why: String,
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
    /// It cannot be linked with the modules that it uses.
    #[error("module `{name}` cannot be linked with others: {why}")]
    Compose {
        /// The module.
        name: String,
        /// What stands in the way.
        why: String,
    },
    /// An import of it cannot be bound to a module elsewhere.
    #[error("module `{module}` imports {interface}, which is bound to `{callee}`: {why}")]
    Bind {
        /// The module.
        module: String,
        /// What it imports.
        interface: String,
        /// To what it is bound.
        callee: String,
        /// What stands in the way.
        why: String,
    },
    /// A binding is for an interface that no module imports, or that another module satisfies already.
    #[error("{interface} is bound to `{callee}`, but no module needs it")]
    NothingToBind {
        /// The interface.
        interface: String,
        /// To what it is bound.
        callee: String,
    },
    /// Two modules export what one imports.
    #[error("module `{module}` imports {interface}, and both `{first}` and `{second}` offer it")]
    TwoOffer {
        /// Who imports.
        module: String,
        /// What.
        interface: String,
        /// One that exports it.
        first: String,
        /// The other.
        second: String,
    },
    /// The version that is there will not do.
    #[error("module `{module}` imports {interface}, and `{other}` offers {offered}")]
    WrongVersion {
        /// Who imports.
        module: String,
        /// What.
        interface: String,
        /// Who exports another version.
        other: String,
        /// That version.
        offered: String,
    },
    /// Modules import from each other.
    #[error("module `{module}` uses itself by way of {}", list(modules))]
    Circle {
        /// One of them.
        module: String,
        /// All of them.
        modules: Vec<String>,
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
    /// A registry does not give it.
    #[error(transparent)]
    Registry(#[from] crate::registry::RegistryError),
}

impl ModuleError {
    /// What may be done about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let (name, known) = match self {
            Self::Unknown { name, known } => (name, known),
            Self::TwoOffer { .. } => return Some("give only one of them with --with".to_owned()),
            Self::WrongVersion { .. } => {
                return Some("give a module of a version that fits with --with".to_owned());
            }
            Self::Import { .. } => {
                let hint = "if another module offers it, name that with --with, or with --bind if it shall run elsewhere";
                return Some(hint.to_owned());
            }
            Self::Registry(error) => return error.hint(),
            _ => return None,
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
