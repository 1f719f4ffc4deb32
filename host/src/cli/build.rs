//! `zymogen build`

use super::locked::LockedArgs;
use super::start::Start;
use crate::error::{Error, Exit};
use crate::module::{Function, Module};
use crate::output::Screen;
use crate::output::text::{printable, size};
use crate::project::Manifest;
use crate::project::build::build;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Build the module of a project.
///
/// Runs the command that its zymogen.toml names, makes a component of what
/// came out if it is none yet, and checks that every context can run it and,
/// if it exports a task's `run`, that a plan can use it. The result is
/// build/NAME.wasm below the project.
///
/// Examples:
///
///     zymogen build
///     zymogen build ./motd && zymogen doc ./motd/build/motd.wasm
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct BuildArgs {
    /// The project's directory.
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,

    #[command(flatten)]
    locked: LockedArgs,
}

/// Runs the command.
pub fn run(arguments: &BuildArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    let start = Start::new(screen, 0)?;
    let project = Manifest::read(&arguments.directory)?;
    let (path, _) = built(&project, &start, &arguments.locked)?;
    let length = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
    let shown = path.display().to_string();
    screen.result(&format!("{}: {}\n", printable(&shown), size(length)))?;
    Ok(Exit::Done)
}

/// Builds a project, and loads what came out.
pub(super) fn built(
    project: &Manifest,
    start: &Start,
    locked: &LockedArgs,
) -> Result<(PathBuf, Arc<Module>), Error> {
    let path = build(project)?;
    locked.pin(start, Some(&project.directory))?;
    start.repository().offer(&project.with())?;
    // A path without a slash would be the name of a standard module.
    let reference = Path::new(".").join(&path);
    let module = start.repository().find(&reference.to_string_lossy())?;
    let is_meant = |function: &Function| {
        let first = function.params.first();
        function.export.function == "run" && first.is_some_and(|(name, _)| name == "params")
    };
    if module.functions().iter().any(is_meant) {
        module.task()?;
    }
    start.repository().registries().save()?;
    Ok((path, module))
}
