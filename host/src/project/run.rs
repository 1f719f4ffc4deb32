//! Runs a project's tests in a context: a task as a plan would run it, functions as the command line calls them.

mod calls;
mod task;

use super::manifest::{Act, Manifest, Test};
use crate::error::Error;
use crate::master::Context;
use crate::module::Module;
use crate::plan::sources::Offered;
use proto::CallLimits;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// What all tests of a project need.
pub struct Tester<'a> {
    /// The project.
    pub project: &'a Manifest,
    /// What was built of it.
    pub module: &'a Arc<Module>,
    /// What each call may use up.
    pub limits: CallLimits,
    /// Lets a task read a file of the project.
    pub offer: &'a (dyn Fn(&str, &Path) -> Result<Offered, String> + Sync),
}

/// How a test went.
#[derive(Debug)]
pub struct Ran {
    /// The test's name.
    pub name: String,
    /// How it is not as expected, a line each. None: it passed.
    pub problems: Vec<String>,
    /// How long it took, all calls together.
    pub took: Duration,
}

impl Tester<'_> {
    /// Runs one test.
    ///
    /// # Errors
    /// If it cannot be run: its parameters do not fit, say, or the scratch directory cannot be made.
    pub async fn run(&self, context: &Context, test: &Test) -> Result<Ran, Error> {
        let scratch = Scratch::new(&test.files).map_err(|error| {
            Error::input(format!("cannot make the files of test `{}`", test.name)).because(&error)
        })?;
        let begin = Instant::now();
        let mut problems = match &test.act {
            Act::Task(act) => self.task(context, act, &scratch.0).await,
            Act::Calls(act) => self.calls(context, act, &scratch.0).await,
        }?;
        let took = begin.elapsed();
        problems.extend(scratch.differences(&test.after));
        Ok(Ran {
            name: test.name.clone(),
            problems,
            took,
        })
    }
}

/// A directory of a test's own, gone after it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(files: &BTreeMap<String, String>) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("zymogen-test-{}-{number}", std::process::id());
        let this = Self(std::env::temp_dir().join(name));
        fs::DirBuilder::new().mode(0o700).create(&this.0)?;
        for (path, content) in files {
            let path = this.0.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, content)?;
        }
        Ok(this)
    }

    fn differences(&self, after: &BTreeMap<String, String>) -> Vec<String> {
        let wrong = after.iter().filter_map(|(path, expected)| {
            match fs::read_to_string(self.0.join(path)) {
                Ok(found) if found == *expected => None,
                Ok(found) => Some(format!(
                    "the file `{path}`: expected {}, found {}",
                    json!(expected),
                    json!(found)
                )),
                Err(error) => Some(format!("the file `{path}`: {error}")),
            }
        });
        wrong.collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
