//! A new project, from a template.

use super::manifest::is_name;
use super::{ProjectError, WORLD, contract};
use clap::ValueEnum;
use std::fs;
use std::path::Path;

/// What stands in a template for the module's name, and for the same as an identifier.
const NAME: &str = "{{name}}";
const IDENT: &str = "{{ident}}";

/// What stands in a template for what its world imports.
const IMPORTS: &str = "{{imports}}";

/// What stands in a template for the directory of the SDK for Rust.
const SDK: &str = "{{sdk}}";

/// The languages that there are templates for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Language {
    /// Rust, with the SDK.
    Rust,
    /// C, by zig's compiler.
    C,
    /// Python, by componentize-py.
    Python,
    /// JavaScript, by componentize-qjs.
    #[value(alias = "javascript")]
    Js,
    /// TypeScript, by tsc and jco.
    #[value(alias = "typescript")]
    Ts,
    /// Go, by its own compiler.
    Go,
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
    pub const ALL: [Self; 6] = [
        Self::Rust,
        Self::C,
        Self::Python,
        Self::Js,
        Self::Ts,
        Self::Go,
    ];

    /// The SDK leaves out what a task does not use. An interpreter keeps all that its world names, and a plan would grant
    /// it.
    fn imports(self) -> &'static str {
        match self {
            Self::Rust => "include zymogen:task/imports@0.1.0;",
            _ => "import zymogen:task/files@0.1.0;",
        }
    }

    /// Besides `world.wit`.
    fn files(self) -> &'static [File] {
        match self {
            Self::Rust => files!("rust": "zymogen.toml", "Cargo.toml", "src/lib.rs"),
            Self::C => files!("c": "zymogen.toml", "task.c"),
            Self::Python => files!("python": "zymogen.toml", "app.py", "requirements.txt"),
            Self::Js => files!("js": "zymogen.toml", "task.js", "package.json"),
            Self::Ts => files!("ts": "zymogen.toml", "task.ts", "package.json", "tsconfig.json"),
            Self::Go => files!("go": "zymogen.toml", "task.go", "go.mod"),
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
            .replace(IMPORTS, language.imports())
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
    Ok(())
}
