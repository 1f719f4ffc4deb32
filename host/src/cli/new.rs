//! `zymogen new`

use crate::build;
use crate::error::{Error, Exit};
use crate::output::Screen;
use crate::output::text::{printable, shell_word};
use crate::project::create::{self, Language};
use std::path::PathBuf;
use std::sync::Arc;

/// Make a project for a task of your own, in the language that you name.
///
/// It has the task's WIT, which says what it takes and reports; a source file
/// that does something small already; and zymogen.toml, which says how it is
/// built and has its tests. docs/LANGUAGES.md says what each language needs to
/// be installed.
///
/// Examples:
///
///     zymogen new motd --lang rust
///     zymogen test motd
///     zymogen doc motd/build/motd.wasm
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct NewArgs {
    /// The directory to make; its last part is the module's name.
    #[arg(value_name = "NAME")]
    directory: PathBuf,

    /// The language.
    #[arg(short, long, value_name = "LANGUAGE")]
    lang: Language,
}

/// Runs the command.
pub fn run(arguments: &NewArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    create::create(
        &arguments.directory,
        arguments.lang,
        build::sdk().as_deref(),
    )?;
    let shown = arguments.directory.display().to_string();
    let word = shell_word(&shown);
    screen.result(&format!(
        "{}: its task is in world.wit; try `zymogen test {word}`\n",
        printable(&shown)
    ))?;
    Ok(Exit::Done)
}
