//! The plan for those who have none: a small one on this machine, in a directory of its own.

use super::Outcome;
use super::event::Mode;
use crate::build::user_cache;
use crate::error::Error;
use crate::output::Source;
use crate::output::style::{self, paint};
use crate::output::text::{printable, shell_word};
use crate::plan::Overrides;
use rustix::process::geteuid;
use std::env;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

const PLAN: &str = include_str!("../../../examples/plans/tour.toml");
/// What the plan calls its directory.
const SCRATCH: &str = "scratch";

/// The tour and where it goes.
pub struct Tour {
    /// All that it changes is below this directory.
    pub scratch: PathBuf,
}

impl Tour {
    /// Chooses a directory that no other user can put anything into.
    ///
    /// # Errors
    /// Somebody else has something at that path.
    pub fn new() -> Result<Self, Error> {
        let scratch = scratch();
        match fs::symlink_metadata(&scratch) {
            Ok(found) if !(found.is_dir() && is_mine(&found)) => {
                let message = format!("{} is not a directory of yours", scratch.display());
                Err(Error::input(message).hint("remove it, or give a plan: zymogen deploy PLAN"))
            }
            _ => Ok(Self { scratch }),
        }
    }

    /// The text of its plan.
    #[must_use]
    pub fn source(&self) -> Source {
        Source::new("the tour", PLAN)
    }

    /// Tells the plan where to go, unless the user has done so: then that is where it goes.
    pub fn override_vars(&mut self, overrides: &mut Overrides) {
        overrides.set_default(SCRATCH, self.scratch.to_string_lossy());
        if let Some(scratch) = overrides.text(SCRATCH) {
            self.scratch = PathBuf::from(scratch);
        }
    }

    /// What to say before it begins.
    #[must_use]
    pub fn opening(&self) -> String {
        format!(
            "There is no deploy.toml here, so this is the tour. It starts a slave on this machine, ships
tasks to it as WebAssembly components, and lets each touch only what its parameters name.
All that it changes is in {}.\n\n",
            paint(
                style::STRONG,
                &printable(&self.scratch.to_string_lossy())
            )
        )
    }

    /// What to say when it went well.
    #[must_use]
    pub fn closing(&self, outcome: &Outcome, mode: Mode) -> String {
        let me = me();
        let changed = outcome.totals.changed > 0;
        let first = match (mode, changed) {
            (Mode::Check, true) => "Nothing was changed: that is what it would do.",
            (_, true) => "The slave is gone again; what it made is still there.",
            (_, false) => "Everything already was as the plan asks, so nothing was changed.",
        };
        let mut out = format!("\n{first} Try next:\n");
        let again = match (mode, changed) {
            (Mode::Apply, true) => {
                Some((String::new(), "the same again: nothing is left to change"))
            }
            (Mode::Check, true) => Some((String::new(), "do it")),
            _ => None,
        };
        let commands = [
            again.map(|(rest, what)| (format!("{me} deploy{rest}"), what)),
            Some((
                format!("{me} deploy -v"),
                "with what each task was allowed to touch",
            )),
            Some((format!("{me} doc"), "which tasks there are")),
            Some((
                format!("{me} doc copy"),
                "what one of them takes, with an example",
            )),
            Some((format!("{me} deploy PLAN"), "a plan of your own, in TOML")),
            Some((
                format!("rm -r {}", shell_word(&self.scratch.to_string_lossy())),
                "undo the tour",
            )),
        ];
        let commands: Vec<_> = commands.into_iter().flatten().collect();
        let width = commands.iter().map(|(command, _)| command.chars().count());
        let width = width.max().unwrap_or(0);
        for (command, what) in commands {
            out.push_str(&format!(
                "  {command:width$}  {}\n",
                paint(style::DIM, what)
            ));
        }
        out
    }
}

/// How the user started this program, as far as it matters for typing it again.
fn me() -> &'static str {
    if env::var_os("CARGO").is_some() {
        "cargo run -p host --"
    } else {
        "zymogen"
    }
}

/// In the user's runtime directory or cache directory, which nobody else can write to; without either, in /tmp.
fn scratch() -> PathBuf {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let private = |path: &PathBuf| {
        path.is_absolute()
            && fs::metadata(path).is_ok_and(|found| found.is_dir() && is_mine(&found))
    };
    if let Some(runtime) = runtime.filter(private) {
        return runtime.join("zymogen-tour");
    }
    match user_cache() {
        Some(cache) => cache.join("tour"),
        None => PathBuf::from(format!("/tmp/zymogen-tour-{}", geteuid().as_raw())),
    }
}

fn is_mine(found: &Metadata) -> bool {
    found.uid() == geteuid().as_raw()
}
