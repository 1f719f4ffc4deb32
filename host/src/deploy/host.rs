//! One host: connect, the tasks in their order, and nothing left behind.

use super::event::{Event, HostStatus, Status, TaskFinished, Totals};
use super::fleet::{Call, Remote};
use super::prepare::{Prepared, prepare};
use super::verdict::Verdict;
use super::{Shared, millis, time};
use crate::error::Error;
use crate::plan::scope::{Common, Scope};
use crate::plan::{Host, Ready};
use crate::value::to_json;
use proto::Policy;
use std::sync::Arc;
use std::time::Instant;
use wasmtime::component::Val;

/// Applies the plan to a host. What is under way when somebody says stop is cancelled.
pub(super) async fn run(shared: &Arc<Shared>, host: &Host) -> (HostStatus, Totals) {
    let mut at = At {
        shared,
        host: &host.name,
        begin: Instant::now(),
        totals: Totals::default(),
    };
    if shared.cancel.is_cancelled() {
        return at.end(HostStatus::Cancelled, None).await;
    }
    let name = || host.name.clone();
    shared
        .events
        .send(Event::HostConnecting { host: name() })
        .await;
    let connected = tokio::select! {
        connected = shared.fleet.connect(host) => connected,
        () = shared.cancel.cancelled() => return at.end(HostStatus::Cancelled, None).await,
    };
    let remote = match connected {
        Ok(remote) => remote,
        Err(error) => return at.end(HostStatus::Unreachable, Some(error)).await,
    };
    let duration_ms = millis(at.begin.elapsed());
    let event = Event::HostConnected {
        host: name(),
        duration_ms,
    };
    shared.events.send(event).await;
    let status = at.tasks(remote.as_ref()).await;
    remote.shutdown().await;
    at.end(status, None).await
}

struct At<'a> {
    shared: &'a Arc<Shared>,
    host: &'a str,
    begin: Instant,
    totals: Totals,
}

impl At<'_> {
    async fn tasks(&mut self, remote: &dyn Remote) -> HostStatus {
        let count = self.shared.deployment.plan.tasks.len();
        let mut scope = Scope::new(self.shared.deployment.plan.vars.clone());
        for index in 0..count {
            if self.shared.cancel.is_cancelled() {
                return HostStatus::Cancelled;
            }
            let status = self.task(remote, index, &mut scope).await;
            self.totals.count(status);
            if !status.is_good() {
                return status.into();
            }
        }
        HostStatus::Done
    }

    async fn task(&self, remote: &dyn Remote, index: usize, scope: &mut Scope) -> Status {
        let task = &self.shared.deployment.plan.tasks[index];
        let begin = Instant::now();
        let started = Event::TaskStarted {
            host: self.host.to_owned(),
            index: index + 1,
            task: task.name.clone(),
            module: task.module.reference.name.clone(),
        };
        self.shared.events.send(started).await;
        let (verdict, policy) = match prepare(self.shared, index, scope).await {
            Prepared::Call { params, policy } => {
                let verdict = self.call(remote, task, params, policy.clone()).await;
                (verdict, policy)
            }
            Prepared::Not(verdict) => (verdict, Policy::default()),
        };
        let status = verdict.status;
        let report = register(task, &verdict, scope);
        let finished = TaskFinished {
            host: self.host.to_owned(),
            index: index + 1,
            task: task.name.clone(),
            module: task.module.reference.name.clone(),
            status,
            summary: verdict.summary,
            hint: verdict.hint,
            failure: verdict.failure,
            limit: verdict.limit,
            changes: verdict.changes,
            report,
            grants: policy.grants.iter().map(ToString::to_string).collect(),
            duration_ms: millis(begin.elapsed()),
        };
        self.shared.events.send(Event::TaskFinished(finished)).await;
        status
    }

    async fn call(
        &self,
        remote: &dyn Remote,
        task: &Ready,
        params: Val,
        policy: Policy,
    ) -> Verdict {
        let deployment = &self.shared.deployment;
        let mode = Val::Enum(super::prepare::mode_name(deployment.mode).to_owned());
        let limits = time::limits(deployment.limits, &params);
        let arguments = [params, mode];
        let call = remote.call(Call {
            module: &task.module,
            function: &task.task.function,
            arguments: &arguments,
            policy,
            limits,
        });
        tokio::select! {
            result = call => Verdict::from_call(&task.module.reference.name, result),
            () = self.shared.cancel.cancelled() => Verdict::cancelled(),
        }
    }

    async fn end(&mut self, status: HostStatus, error: Option<Error>) -> (HostStatus, Totals) {
        let count = self.shared.deployment.plan.tasks.len();
        self.totals.not_run = count - self.totals.all();
        let finished = Event::HostFinished {
            host: self.host.to_owned(),
            status,
            hint: error
                .as_ref()
                .and_then(|e| e.first_hint().map(str::to_owned)),
            error: error.map(|error| error.one_line()),
            totals: self.totals,
            duration_ms: millis(self.begin.elapsed()),
        };
        self.shared.events.send(finished).await;
        (status, self.totals)
    }
}

/// Makes the result known to later tasks. Gives back the part of it that is the module's own.
fn register(task: &Ready, verdict: &Verdict, scope: &mut Scope) -> Option<serde_json::Value> {
    let name = task.register.as_ref()?;
    let mut report = match &verdict.report {
        // It was decoded by its type, so that it fits.
        Some(report) => to_json(&task.task.report, report).unwrap_or_default(),
        None => serde_json::Value::Null,
    };
    let common = Common {
        changed: verdict.status == Status::Changed,
        failed: !verdict.status.is_good(),
        skipped: verdict.status == Status::Skipped,
        summary: &verdict.summary,
    };
    scope.register(name, common, &report);
    // The event says elsewhere what is in `outcome`.
    let fields = report.as_object_mut()?;
    fields.remove("outcome");
    Some(report)
}
