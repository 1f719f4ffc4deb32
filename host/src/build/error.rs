//! Why there is no image or module, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why something that ships could be neither found nor built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The override directory is none.
    #[error("{0} is not a directory")]
    NoOverride(PathBuf),
    /// There are no slaves for such machines.
    #[error("there is no slave for machines of kind `{machine}`; there is for {known}")]
    Machine {
        /// What was asked for, as `uname -m` says.
        machine: String,
        /// Those that there are, joined with commas.
        known: String,
    },
    /// The program runs where it was not compiled, and brought nothing.
    #[error("{what} would have to be built, but its source is not at {checkout}")]
    NoCheckout {
        /// What is missing.
        what: String,
        /// Where the source was when this program was compiled.
        checkout: PathBuf,
    },
    /// cargo could not be started.
    #[error("cannot start cargo to build {what}: {error}")]
    NoCargo {
        /// What was to be built.
        what: String,
        /// The system's word on it.
        error: io::Error,
    },
    /// The toolchain cannot build for the target.
    #[error("cannot build {what}: the Rust toolchain lacks the target {target}")]
    NoTarget {
        /// What was to be built.
        what: String,
        /// The missing target.
        target: String,
    },
    /// An image has parts in C.
    #[error("cannot build {what}: no C compiler for {machine} works{tried}")]
    NoCompiler {
        /// What was to be built.
        what: String,
        /// The kind of machine that the compiler should compile for.
        machine: String,
        /// A line for each that was tried.
        tried: String,
    },
    /// cargo failed.
    #[error("cargo could not build {what}{}", indented(.output))]
    Cargo {
        /// What was to be built.
        what: String,
        /// The last lines that cargo said. Empty if they were on the terminal.
        output: String,
    },
    /// cargo succeeded, but the result is not where it belongs.
    #[error("cargo built {what}, but there is no {path}")]
    NoResult {
        /// What was built.
        what: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// Somebody built another image since its digest was taken.
    #[error("{0} has changed while it was in use")]
    Changed(PathBuf),
    /// A bundle lost what it carried.
    #[error("{0} is a bundle, but the slaves and modules behind it are gone")]
    CutBundle(PathBuf),
    /// A bundle is not what it was.
    #[error("{path} is a damaged bundle: {why}")]
    DamagedBundle {
        /// The bundle.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A bundle cannot be made of this.
    #[error("{path} cannot be made a bundle: {why}")]
    NoProgram {
        /// What should be the program in it.
        path: PathBuf,
        /// Why it cannot.
        why: String,
    },
    /// None of the forms that the target can read was made.
    #[error("the target takes none of the forms of the image")]
    Format,
    /// A file could not be read.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's word on it.
        error: io::Error,
    },
    /// What has failed before in this run is not tried again.
    #[error(transparent)]
    Shared(std::sync::Arc<BuildError>),
    /// The standard library has no such module.
    #[error("there is no standard module `{0}`")]
    NoModule(String),
}

impl BuildError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let elsewhere = "use a program that `zymogen bundle` made, or set ZYMOGEN_IMAGES to a directory that has it";
        match self {
            Self::NoOverride(_) => Some("check the variable ZYMOGEN_IMAGES".to_owned()),
            Self::NoCheckout { .. } => Some(elsewhere.to_owned()),
            Self::NoCargo { .. } => {
                Some(format!("install Rust (https://rustup.rs), or {elsewhere}"))
            }
            Self::NoTarget { target, .. } => Some(format!("run `rustup target add {target}`")),
            Self::NoCompiler { machine, .. } => Some(install(machine)),
            Self::CutBundle(_) => Some(
                "`strip` and the like cut off what is behind a program: use it as it was made"
                    .to_owned(),
            ),
            Self::DamagedBundle { .. } => Some("copy it again, or make it again".to_owned()),
            Self::Shared(first) => first.hint(),
            Self::Changed(_) => Some("run it again".to_owned()),
            Self::Machine { .. }
            | Self::Cargo { .. }
            | Self::NoResult { .. }
            | Self::NoProgram { .. }
            | Self::Format
            | Self::Io { .. }
            | Self::NoModule(_) => None,
        }
    }
}

/// Where compilers for a kind of machine come from.
fn install(machine: &str) -> String {
    let (gcc, headers) = match machine {
        "aarch64" => ("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"),
        _ => ("gcc-x86-64-linux-gnu", "libc6-dev-amd64-cross"),
    };
    format!(
        "`apt-get install {gcc} {headers}` (Debian, Ubuntu) or `pip install ziglang` brings one; \
         CC_{machine}_unknown_linux_musl can name another"
    )
}

fn indented(output: &str) -> String {
    let lines = output.lines().map(|line| format!("\n  {line}"));
    lines.collect()
}
