//! `zymogen doc`

use super::start::Start;
use super::with::WithArgs;
use crate::error::{Error, Exit};
use crate::module::{Module, ModuleError};
use crate::output::describe::{Description, summary_of};
use crate::output::text::printable_json;
use crate::output::{Format, Screen};
use serde_json::json;
use std::sync::Arc;

/// Show what modules there are, or what one of them does, takes and may touch.
///
/// Everything shown is read from the module itself: from its WIT, with its
/// comments.
///
/// Examples:
///
///     zymogen doc
///     zymogen doc file
///     zymogen doc ./calculator.wasm
///     zymogen doc copy -o json
///     zymogen doc ./app.wasm --with ./names.wasm
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct DocArgs {
    /// The name of a standard module, the path of a component, or a reference `oci:HOST/REPOSITORY:TAG`. None: list the
    /// standard modules.
    module: Option<String>,

    /// For people, or JSON for programs.
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    output: Format,

    #[command(flatten)]
    with: WithArgs,
}

/// Runs the command.
pub fn run(arguments: &DocArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    let start = Start::new(screen, 0)?;
    let text = match &arguments.module {
        Some(name) => {
            arguments.with.offer(&start, &[], Vec::new())?;
            let module = start.repository().find(name)?;
            let description = Description::of(&module, name)?;
            match arguments.output {
                Format::Human => description.render(),
                Format::Json => {
                    format!("{}\n", printable_json(description.to_json().to_string()))
                }
            }
        }
        None => list(&start, arguments.output)?,
    };
    screen.clear();
    screen.result(&text)?;
    Ok(Exit::Done)
}

fn list(start: &Start, format: Format) -> Result<String, Error> {
    let names = start.repository().std_names()?;
    let modules: Result<Vec<Arc<Module>>, ModuleError> = names
        .iter()
        .map(|name| start.repository().find(name))
        .collect();
    let modules = modules?;
    let entries = names.iter().zip(&modules);
    let entries = entries.map(|(name, module)| (name, summary_of(module)));
    if format == Format::Json {
        let all: Vec<_> = entries
            .map(|(name, summary)| json!({ "name": name, "summary": summary }))
            .collect();
        return Ok(format!("{}\n", printable_json(json!(all).to_string())));
    }
    let width = names.iter().map(String::len).max().unwrap_or(0);
    let lines = entries.map(|(name, summary)| {
        let line = format!("{name:width$}  {summary}");
        format!("{}\n", line.trim_end())
    });
    Ok(lines.collect())
}
