//! One task on one host, before it is called: is it wanted, with which parameters, and what may it touch?

use super::Shared;
use super::event::Mode;
use super::verdict::Verdict;
use crate::module::ResourceKind;
use crate::output::Diagnostic;
use crate::plan::params::Params;
use crate::plan::render::Renderer;
use crate::plan::scope::Scope;
use crate::plan::secrets;
use proto::Policy;
use std::sync::Arc;
use wasmtime::component::Val;

/// What to do about a task.
pub(super) enum Prepared {
    /// Call it.
    Call {
        /// Its first argument.
        params: Val,
        /// What it may touch.
        policy: Policy,
    },
    /// It needs no call to know how it ends.
    Not(Verdict),
}

/// How `zymogen:task/types.mode` calls a mode.
pub(super) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Check => "check",
        Mode::Apply => "apply",
    }
}

/// Prepares a task. Files that it installs are read away from the threads that everything else runs on.
pub(super) async fn prepare(shared: &Arc<Shared>, index: usize, scope: &Scope) -> Prepared {
    let task = &shared.deployment.plan.tasks[index];
    let resources = &task.task.resources;
    if !resources.iter().any(|r| r.kind == ResourceKind::Source) {
        return now(shared, index, scope);
    }
    let (shared, scope) = (shared.clone(), scope.clone());
    let work = tokio::task::spawn_blocking(move || now(&shared, index, &scope));
    match work.await {
        Ok(prepared) => prepared,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn now(shared: &Shared, index: usize, scope: &Scope) -> Prepared {
    let plan = &shared.deployment.plan;
    let task = &plan.tasks[index];
    let renderer = Renderer {
        engine: &shared.deployment.engine,
        source: &plan.source,
        scope,
    };
    if let Some(when) = &task.when {
        match renderer.condition(when) {
            Ok(true) => {}
            Ok(false) => return Prepared::Not(Verdict::skipped(&when.value)),
            Err(error) => return wrong(&[error]),
        }
    }
    let params = Params {
        source: &plan.source,
        module: &task.module.reference.name,
        task: &task.task,
        directory: &plan.directory,
        from_hosts: &task.from_hosts,
    };
    let mut offer = |name: &str, path: &std::path::Path| shared.fleet.offer(name, path);
    let value = renderer.tree(&task.params, &mut |_| true).and_then(|node| {
        let resources = &task.task.resources;
        let unknown =
            secrets::unknown(&plan.source, &plan.secrets, resources, &node, &mut |_| true);
        match unknown.is_empty() {
            true => params.value(&node, &mut offer),
            false => Err(unknown),
        }
    });
    match value {
        Ok(params) => {
            let check = shared.deployment.mode == Mode::Check;
            let mut policy = task.task.grants(&params, check);
            let secrets = task.task.secrets(&params);
            policy
                .grants
                .extend(shared.deployment.secrets.grants(secrets));
            Prepared::Call { policy, params }
        }
        Err(errors) => wrong(&errors),
    }
}

/// What could not be known before this host had answered.
fn wrong(errors: &[Diagnostic]) -> Prepared {
    let lines: Vec<_> = errors.iter().map(Diagnostic::one_line).collect();
    Prepared::Not(Verdict::wrong_plan(lines.join("; ")))
}
