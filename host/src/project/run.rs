//! Runs a project's tests in a context, as a plan would run its task.

use super::check::{differences, place};
use super::manifest::{Manifest, Test};
use crate::error::{Error, Fate};
use crate::master::{CallResult, Context};
use crate::module::{Module, Task};
use crate::plan::params::Params;
use crate::plan::sources::Offered;
use crate::value::{Node, to_json};
use proto::CallLimits;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use wasmtime::component::{Type, Val};

/// What all tests of a project need.
pub struct Tester<'a> {
    /// The project.
    pub project: &'a Manifest,
    /// What was built of it.
    pub module: &'a Arc<Module>,
    /// The same, as a task.
    pub task: Task,
    /// What each call may use up.
    pub limits: CallLimits,
    /// Lets the task read a file of the project.
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

/// What came out of a call, as JSON.
enum Came {
    Report(Value),
    Failure(Value),
}

impl Tester<'_> {
    /// Runs one test.
    ///
    /// # Errors
    /// If it cannot be run: its parameters do not fit, or the scratch directory cannot be made.
    pub async fn run(&self, context: &Context, test: &Test) -> Result<Ran, Error> {
        let scratch = Scratch::new(&test.files).map_err(|error| {
            Error::input(format!("cannot make the files of test `{}`", test.name)).because(&error)
        })?;
        let placed = |node: &Node| {
            let mut node = node.clone();
            place(&mut node, &scratch.0);
            node
        };
        let params = self.params(&placed(&test.params))?;
        let begin = Instant::now();
        let came = self.call(context, test, &params).await;
        let mut problems = match (came, &test.fails) {
            (Came::Report(report), None) => test
                .expect
                .as_ref()
                .map_or_else(Vec::new, |expected| differences(&placed(expected), &report)),
            (Came::Failure(failure), Some(expected)) => differences(&placed(expected), &failure),
            (Came::Report(report), Some(_)) => {
                vec![format!("it did not fail, and reported {report}")]
            }
            (Came::Failure(failure), None) => vec![format!("it failed: {failure}")],
        };
        if let Some(expected) = &test.again
            && problems.is_empty()
        {
            problems = match self.call(context, test, &params).await {
                Came::Report(report) => differences(&placed(expected), &report),
                Came::Failure(failure) => vec![format!("it failed: {failure}")],
            };
            problems
                .iter_mut()
                .for_each(|problem| problem.insert_str(0, "run once more: "));
        }
        let took = begin.elapsed();
        problems.extend(scratch.differences(&test.after));
        Ok(Ran {
            name: test.name.clone(),
            problems,
            took,
        })
    }

    fn params(&self, node: &Node) -> Result<Val, Error> {
        let (source, nobody) = (&self.project.source, BTreeSet::new());
        let params = Params {
            source,
            module: &self.project.name,
            task: &self.task,
            directory: &self.project.directory,
            from_hosts: &nobody,
        };
        let wrong = params.check(node, &mut |_| true);
        if !wrong.is_empty() {
            return Err(Error::in_text(source.name(), wrong));
        }
        let value = params.value(node, &mut |name, path| (self.offer)(name, path));
        value.map_err(|wrong| Error::in_text(source.name(), wrong))
    }

    async fn call(&self, context: &Context, test: &Test, params: &Val) -> Came {
        let function = &self.task.function;
        let mode = if test.check { "check" } else { "apply" };
        let arguments = [params.clone(), Val::Enum(mode.to_owned())];
        let policy = self.task.grants(params, test.check);
        let called = context.call(self.module, function, &arguments, policy, self.limits);
        let result = match called.await {
            Ok(result) => result,
            Err(error) => return odd(&error.to_string()),
        };
        if let Some(fate) = Fate::of(&result, &self.project.name) {
            return Came::Failure(json!({ "kind": fate.kind, "message": fate.message }));
        }
        // `run` returns a result with both parts, see `Task::of`.
        let types = match function.results.as_slice() {
            [(_, Type::Result(types))] => (types.ok(), types.err()),
            _ => (None, None),
        };
        let json = |ty: &Type, value: &Val| to_json(ty, value).map_err(|error| error.to_string());
        match (result, types) {
            (CallResult::Returned(Some(Val::Result(Ok(Some(report))))), (Some(ty), _)) => {
                json(&ty, &report).map_or_else(|why| odd(&why), Came::Report)
            }
            (CallResult::Failed(Val::Result(Err(Some(failure)))), (_, Some(ty))) => {
                Came::Failure(json(&ty, &failure).unwrap_or_else(Value::String))
            }
            _ => odd("it did not answer as a task does"),
        }
    }
}

fn odd(why: &str) -> Came {
    Came::Failure(json!({ "kind": "other", "message": why }))
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
