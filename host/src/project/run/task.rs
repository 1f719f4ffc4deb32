//! A task, run once or twice.

use super::Tester;
use crate::error::{Error, Fate};
use crate::master::{CallResult, Context};
use crate::module::Task;
use crate::plan::params::Params;
use crate::project::check::{differences, place};
use crate::project::manifest::TaskTest;
use crate::value::{Node, to_json};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use wasmtime::component::{Type, Val};

/// What came out of a call, as JSON.
enum Came {
    Report(Value),
    Failure(Value),
}

impl Tester<'_> {
    /// How it is not as expected.
    pub(super) async fn task(
        &self,
        context: &Context,
        test: &TaskTest,
        scratch: &Path,
    ) -> Result<Vec<String>, Error> {
        let placed = |node: &Node| {
            let mut node = node.clone();
            place(&mut node, scratch);
            node
        };
        let task = self.module.task()?;
        let params = self.params(&task, &placed(&test.params))?;
        let run = async || self.run_task(context, &task, test.check, &params).await;
        let problems = match (run().await, &test.fails) {
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
        let Some(expected) = test.again.as_ref().filter(|_| problems.is_empty()) else {
            return Ok(problems);
        };
        let problems = match run().await {
            Came::Report(report) => differences(&placed(expected), &report),
            Came::Failure(failure) => vec![format!("it failed: {failure}")],
        };
        let again = problems
            .iter()
            .map(|problem| format!("run once more: {problem}"));
        Ok(again.collect())
    }

    fn params(&self, task: &Task, node: &Node) -> Result<Val, Error> {
        let (source, nobody) = (&self.project.source, BTreeSet::new());
        let params = Params {
            source,
            module: &self.project.name,
            task,
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

    async fn run_task(&self, context: &Context, task: &Task, check: bool, params: &Val) -> Came {
        let function = &task.function;
        let mode = if check { "check" } else { "apply" };
        let arguments = [params.clone(), Val::Enum(mode.to_owned())];
        let policy = task.grants(params, check);
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
