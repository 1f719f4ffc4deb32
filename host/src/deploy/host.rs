//! One host: connect, the tasks in their order, and nothing left behind.

use super::event::{Event, HostStatus, Status, TaskFinished, Totals, Unknown};
use super::fleet::{Call, Remote};
use super::prepare::{Prepared, prepare};
use super::verdict::Verdict;
use super::{Shared, millis, time};
use crate::error::{Error, Exit};
use crate::plan::scope::{Common, Scope};
use crate::plan::{Host, Ready};
use crate::value::to_json;
use proto::Policy;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::Val;

/// The time before a host is tried again; it doubles with each try, up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Applies the plan to a host. What is under way when somebody says stop is cancelled.
pub(super) async fn run(shared: &Arc<Shared>, host: &Host) -> (HostStatus, Totals) {
    let mut at = At {
        shared,
        host: &host.name,
        begin: Instant::now(),
        totals: Totals::default(),
        scope: Scope::new(shared.deployment.plan.vars.clone()),
        next: 0,
        doubt: None,
    };
    let mut lost = at.attempt(host).await;
    for attempt in 1..=shared.deployment.retries {
        let (error, under_way) = match &lost {
            Err(Lost { error, told }) if !error.is_lasting() => (error, *told),
            _ => break,
        };
        let delay = PAUSE.saturating_mul(1 << attempt.min(16).saturating_sub(1));
        let delay = delay.min(LONGEST_PAUSE);
        // A task that still runs there must not meet itself.
        let orphaned = if under_way {
            shared.deployment.orphans_end
        } else {
            Duration::ZERO
        };
        let delay = delay.max(orphaned);
        let event = Event::HostRetrying {
            host: host.name.clone(),
            attempt: attempt + 1,
            error: error.one_line(),
            hint: error.first_hint().map(str::to_owned),
            unknown: at.doubt.clone(),
            delay_ms: millis(delay),
        };
        shared.events.send(event).await;
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = shared.cancel.cancelled() => {}
        }
        // It begins with a look at whether somebody said stop.
        lost = at.attempt(host).await;
    }
    match lost {
        Ok(status) => at.end(status, None).await,
        Err(Lost { error, told }) => {
            let error = Some(error).filter(|_| !told);
            at.end(HostStatus::Unreachable, error).await
        }
    }
}

/// A host that cannot be reached, or not any more.
struct Lost {
    error: Error,
    /// It was lost under a task, and the error was shown with that.
    told: bool,
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self { error, told: false }
    }
}

struct At<'a> {
    shared: &'a Arc<Shared>,
    host: &'a str,
    begin: Instant,
    totals: Totals,
    scope: Scope,
    /// The first task that has not ended yet.
    next: usize,
    /// The same, if it was under way when the host was lost.
    doubt: Option<Unknown>,
}

impl At<'_> {
    /// Connects, and runs the tasks that have not ended yet.
    async fn attempt(&mut self, host: &Host) -> Result<HostStatus, Lost> {
        let shared = self.shared;
        // The semaphore is never closed.
        let _turn = shared.forks.acquire().await;
        if shared.cancel.is_cancelled() {
            return Ok(HostStatus::Cancelled);
        }
        let begin = Instant::now();
        let name = || host.name.clone();
        shared
            .events
            .send(Event::HostConnecting { host: name() })
            .await;
        let remote = tokio::select! {
            connected = shared.fleet.connect(host) => connected?,
            () = shared.cancel.cancelled() => return Ok(HostStatus::Cancelled),
        };
        let event = Event::HostConnected {
            host: name(),
            duration_ms: millis(begin.elapsed()),
        };
        shared.events.send(event).await;
        let status = self.tasks(remote.as_ref()).await;
        remote.shutdown().await;
        status
    }

    async fn tasks(&mut self, remote: &dyn Remote) -> Result<HostStatus, Lost> {
        while let Some(task) = self.shared.deployment.plan.tasks.get(self.next) {
            if self.shared.cancel.is_cancelled() {
                return Ok(HostStatus::Cancelled);
            }
            let (status, summary) = self.task(remote, self.next).await;
            if status == Status::Unreachable {
                self.doubt = Some(Unknown {
                    index: self.next + 1,
                    task: task.name.clone(),
                });
                return Err(Lost {
                    error: Error::new(Exit::Unreachable, summary),
                    told: true,
                });
            }
            self.doubt = None;
            self.totals.count(status);
            self.next += 1;
            if !status.is_good() {
                return Ok(status.into());
            }
        }
        Ok(HostStatus::Done)
    }

    /// How a task ended, and the same in one line.
    async fn task(&mut self, remote: &dyn Remote, index: usize) -> (Status, String) {
        let task = &self.shared.deployment.plan.tasks[index];
        let begin = Instant::now();
        let started = Event::TaskStarted {
            host: self.host.to_owned(),
            index: index + 1,
            task: task.name.clone(),
            module: task.module.reference.name.clone(),
        };
        self.shared.events.send(started).await;
        let (verdict, policy) = match prepare(self.shared, index, &self.scope).await {
            Prepared::Call { params, policy } => {
                let verdict = self.call(remote, task, params, policy.clone()).await;
                (verdict, policy)
            }
            Prepared::Not(verdict) => (verdict, Policy::default()),
        };
        let status = verdict.status;
        let report = register(task, &verdict, &mut self.scope);
        let finished = TaskFinished {
            host: self.host.to_owned(),
            index: index + 1,
            task: task.name.clone(),
            module: task.module.reference.name.clone(),
            status,
            summary: verdict.summary.clone(),
            hint: verdict.hint,
            failure: verdict.failure,
            limit: verdict.limit,
            changes: verdict.changes,
            report,
            grants: policy.grants.iter().map(ToString::to_string).collect(),
            duration_ms: millis(begin.elapsed()),
        };
        self.shared.events.send(Event::TaskFinished(finished)).await;
        (status, verdict.summary)
    }

    async fn call(
        &self,
        remote: &dyn Remote,
        task: &Ready,
        params: Val,
        policy: Policy,
    ) -> Verdict {
        let deployment = &self.shared.deployment;
        let fleet = &self.shared.fleet;
        let ready = fleet.prepare(&task.module, &policy, &deployment.plan.directory);
        tokio::select! {
            ready = ready => if let Err(error) = ready {
                return Verdict::not_ready(&error);
            },
            () = self.shared.cancel.cancelled() => return Verdict::cancelled(),
        }
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
        let unknown = self.doubt.take();
        if unknown.is_some() {
            self.totals.count(Status::Unreachable);
        }
        self.totals.not_run = count - self.totals.all();
        let finished = Event::HostFinished {
            host: self.host.to_owned(),
            status,
            hint: error
                .as_ref()
                .and_then(|e| e.first_hint().map(str::to_owned)),
            error: error.map(|error| error.one_line()),
            unknown,
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
