//! A new project, from a template.

use super::manifest::is_name;
use super::{MANIFEST, ProjectError, WORLD, contract};
use clap::ValueEnum;
use std::fs;
use std::path::Path;

/// What stands in a template for the module's name, and for the same as an identifier.
const NAME: &str = "{{name}}";
const IDENT: &str = "{{ident}}";

/// What stands in a template for the directory of the SDK for Rust.
const SDK: &str = "{{sdk}}";

/// The languages that there are templates for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Language {
    /// Rust, with the SDK.
    Rust,
}

/// A file of a template: its name and its content.
type File = (&'static str, &'static str);

macro_rules! files {
    ($language:literal: $($name:literal),*) => {
        &[$(($name, include_str!(concat!("templates/", $language, "/", $name)))),*]
    };
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Rust];

    /// Besides `world.wit`.
    fn files(self) -> &'static [File] {
        match self {
            Self::Rust => files!("rust": "zymogen.toml", "Cargo.toml", "src/lib.rs"),
        }
    }
}

/// Makes a project in a new directory, which is also its module's name.
///
/// # Errors
/// If the name cannot be one, something is there already, or the files cannot be written.
pub fn create(
    directory: &Path,
    language: Language,
    sdk: Option<&Path>,
) -> Result<(), ProjectError> {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    if !is_name(&name) {
        return Err(ProjectError::Name(name.into_owned()));
    }
    let sdk = match (language, sdk) {
        (Language::Rust, None) => return Err(ProjectError::NoSdk("Rust")),
        (_, sdk) => sdk.map(|sdk| sdk.display().to_string()).unwrap_or_default(),
    };
    let fill = |text: &str| {
        text.replace(NAME, &name)
            .replace(IDENT, &name.replace('-', "_"))
            .replace(SDK, &sdk)
    };
    fs::create_dir(directory).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => ProjectError::Exists(directory.to_owned()),
        _ => ProjectError::io(directory)(error),
    })?;
    let mut world = fill(include_str!("templates/world.wit"));
    // The SDK brings the contract with it.
    if language != Language::Rust {
        world.push('\n');
        world.push_str(&contract::nested());
    }
    let files = language.files().iter();
    let files = files.map(|(path, content)| (*path, fill(content)));
    for (path, content) in files.chain([(WORLD, world)]) {
        let path = directory.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(ProjectError::io(parent))?;
        }
        fs::write(&path, content).map_err(ProjectError::io(&path))?;
    }
    debug_assert!(directory.join(MANIFEST).exists());
    Ok(())
}
