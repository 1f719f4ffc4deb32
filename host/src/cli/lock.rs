//! `zymogen lock`

use super::deploy::DEFAULT;
use super::start::Start;
use super::with::WithArgs;
use crate::error::{Error, Exit};
use crate::output::text::{printable, printable_json};
use crate::output::{Format, Screen, Source};
use crate::plan;
use crate::project::{MANIFEST, Manifest};
use crate::registry::{Digest, Lock, Reference};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Pin the modules of a plan or a project that come from registries, anew.
///
/// A tag can be moved. So `deploy` and `build` write down in zymogen.lock,
/// beside the plan or the project, which digest each tag stands for when they
/// first meet it, and use that from then on. This command asks the registries
/// again, writes the lock, and prints what is different. A reference that has
/// a digest itself needs no lock.
///
/// Without PLAN, ./deploy.toml is meant, or else the project in this directory.
///
/// Examples:
///
///     zymogen lock
///     zymogen lock web.toml && git diff zymogen.lock
///     zymogen lock ./motd/zymogen.toml
///     zymogen deploy web.toml --locked
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct LockArgs {
    /// A plan, a zymogen.toml, or the directory of a project.
    plan: Option<PathBuf>,

    #[command(flatten)]
    with: WithArgs,

    /// Lines for people, or one JSON object per reference for programs.
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    output: Format,
}

/// Runs the command.
pub fn run(arguments: &LockArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    let start = Start::new(screen, 0)?;
    let (directory, mut names) = arguments.names()?;
    names.extend(arguments.with.names().iter().cloned());
    let mut references = BTreeSet::new();
    for name in names.iter().filter(|name| Reference::is_meant(name)) {
        let reference: Reference = name.parse()?;
        if reference.digest().is_none() {
            references.insert(reference);
        }
    }
    let mut lock = Lock::read(&directory)?;
    let mut lines = String::new();
    // All of them, or none: a lock of which half is new was tried by nobody.
    for reference in references {
        let new = start.repository().registries().resolve(&reference)?;
        let old = lock.digest(&reference).cloned();
        lines.push_str(&arguments.line(&reference, old.as_ref(), &new));
        lock.set(reference, new);
    }
    lock.save()?;
    screen.clear();
    screen.result(&lines)?;
    Ok(Exit::Done)
}

impl LockArgs {
    /// Where the lock is, and the modules that are named beside it.
    fn names(&self) -> Result<(PathBuf, Vec<String>), Error> {
        let here = Path::new(DEFAULT);
        let path = match &self.plan {
            Some(path) => path.as_path(),
            None if here.exists() => here,
            None => Path::new("."),
        };
        if path.is_dir() || path.file_name().is_some_and(|name| name == MANIFEST) {
            let directory = match path.is_dir() {
                true => path,
                false => parent(path),
            };
            let project = Manifest::read(directory)?;
            return Ok((directory.to_owned(), project.build.with));
        }
        let shown = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| {
            Error::input(format!("cannot read the plan {shown}")).because(&error)
        })?;
        let source = Source::new(shown, text);
        let plan = plan::read(&source).map_err(|wrong| Error::in_text(source.name(), wrong))?;
        let tasks = plan.tasks.into_iter().map(|task| task.module);
        let all = tasks.chain(plan.with).map(|module| module.value);
        Ok((parent(path).to_owned(), all.collect()))
    }

    fn line(&self, reference: &Reference, old: Option<&Digest>, new: &Digest) -> String {
        if self.output == Format::Json {
            let old = old.map(Digest::as_str);
            let line = json!({
                "v": 1, "reference": reference.to_string(), "old": old, "new": new.as_str(),
            });
            return format!("{}\n", printable_json(line.to_string()));
        }
        let reference = reference.to_string();
        let reference = printable(&reference);
        match old {
            Some(old) if old == new => format!("{reference}: {new}, as before\n"),
            Some(old) => format!("{reference}: {old} -> {new}\n"),
            None => format!("{reference}: {new}, for the first time\n"),
        }
    }
}

/// The directory of a file; the name alone means the current one.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
