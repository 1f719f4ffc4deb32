//! What can be wrong with a project.

use std::io;
use std::path::PathBuf;

/// Why a project cannot be made, read or built.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No project is there.
    #[error("{0} is no project: it has no zymogen.toml")]
    NoManifest(PathBuf),
    /// The manifest is not as it should be.
    #[error("{path}: {why}")]
    Manifest {
        /// Where it is.
        path: PathBuf,
        /// What is wrong, perhaps in several lines.
        why: String,
    },
    /// Something is in the way of a new project.
    #[error("{0} is there already")]
    Exists(PathBuf),
    /// A project cannot have this name.
    #[error("`{0}` cannot be the name of a module")]
    Name(String),
    /// The language needs the source of this program.
    #[error(
        "a project in {0} uses the SDK in the source of zymogen, and this program has no source beside it"
    )]
    NoSdk(&'static str),
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The WIT is wrong.
    #[error("{path}: {why}")]
    Wit {
        /// Where it is.
        path: PathBuf,
        /// What its parser says.
        why: String,
    },
    /// Go cannot say what the world says.
    #[error("world.wit has async functions, streams or futures, which Go's own tools have not")]
    GoAsync,
    /// The build command cannot be started.
    #[error("cannot start `{program}`: {error}")]
    NoTool {
        /// The program.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// The build command failed.
    #[error("`{command}` failed: {status}")]
    Build {
        /// The whole command.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// It succeeded, but what it should have made is not there.
    #[error("`{command}` made no {output}")]
    NoOutput {
        /// The whole command.
        command: String,
        /// What it should have made.
        output: PathBuf,
    },
    /// What was built is no module.
    #[error("{path} cannot be made a component: {why}")]
    Componentize {
        /// What was built.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl ProjectError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoManifest(_) => Some(
                "`zymogen new NAME --lang LANGUAGE` makes one; or name the directory of yours"
                    .to_owned(),
            ),
            Self::Name(_) => Some(
                "use lower-case letters, digits and single hyphens, beginning with a letter"
                    .to_owned(),
            ),
            Self::NoSdk(_) => {
                Some("run zymogen from its checkout, or use another language".to_owned())
            }
            Self::NoTool { program, .. } => Some(format!(
                "install what `{program}` belongs to; docs/LANGUAGES.md says how, for each language"
            )),
            Self::NoOutput { .. } => {
                Some("does `build.output` in zymogen.toml name it?".to_owned())
            }
            Self::GoAsync => {
                Some("C, Python, JavaScript and Rust have them, see docs/LANGUAGES.md".to_owned())
            }
            Self::Exists(_) => Some("choose another name".to_owned()),
            _ => None,
        }
    }

    /// A file that could not be read or written.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |error| Self::Io { path, error }
    }
}
