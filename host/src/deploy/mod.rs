//! Applies a checked plan: all hosts at once, up to a bound; on each host one task after the other.
//!
//! | file | what |
//! |---|---|
//! | [`event`] | what happens, as data |
//! | [`fleet`] | hosts and calls, seen from here; the master implements it |
//! | [`host`] | one host, from its connection to its end |
//! | [`prepare`] | one task: its condition, its parameters, its grants |
//! | [`problem`] | what is wrong before that, as data |
//! | [`mod@time`] | how long it may take |
//! | [`verdict`] | what became of its call |
//! | [`callees`] | modules elsewhere that it may call |
//! | [`cancel`] | ^C |
//! | [`logs`] | what guests and slaves say, in order with everything else |
//! | [`tour`] | the plan for those who have none |
//!
//! Hosts share nothing but the plan. Each sends its events into one bounded channel; whoever reads that
//! shows them. When nobody reads any more, the work stops as it does after ^C.

pub mod callees;
pub mod cancel;
pub mod event;
pub mod fleet;
pub mod host;
pub mod logs;
pub mod prepare;
pub mod problem;
pub mod time;
pub mod tour;
pub mod verdict;

#[cfg(test)]
mod tests;

use crate::plan::{Checked, Engine};
use crate::secrets::Secrets;
use cancel::Cancel;
use event::{Event, HostStatus, HostTotals, Mode, Totals};
use fleet::Fleet;
use proto::CallLimits;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// Events that may wait to be shown.
const WAITING: usize = 1024;

/// A plan and how to apply it.
pub struct Deployment {
    /// What to do where.
    pub plan: Checked,
    /// The plan's secrets. Who shows events hides them ([`crate::output::masked`]).
    pub secrets: Secrets,
    /// Evaluates its templates.
    pub engine: Engine,
    /// Whether anything may change.
    pub mode: Mode,
    /// At most so many hosts at a time.
    pub forks: usize,
    /// What each task may use up; its parameters may ask for more time.
    pub limits: CallLimits,
    /// How often a host that cannot be reached, or is lost, is tried again.
    pub retries: u32,
    /// Once the connection to a host is lost, what ran there has ended after so long.
    pub orphans_end: Duration,
}

/// How it went, all hosts together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// The hosts.
    pub hosts: HostTotals,
    /// Their tasks.
    pub totals: Totals,
}

/// What hosts need, besides the host itself.
struct Shared {
    deployment: Arc<Deployment>,
    fleet: Arc<dyn Fleet>,
    events: Events,
    cancel: Cancel,
    forks: Semaphore,
}

/// The way of events to whoever shows them.
#[derive(Clone)]
pub struct Events(mpsc::Sender<Event>);

impl Events {
    /// A way, and its end. It is bounded: who shows slowly slows the work.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), receiver)
    }

    /// Sends one. If nobody listens, it is lost.
    pub async fn send(&self, event: Event) {
        let _ = self.0.send(event).await;
    }
}

/// Applies a plan. Comes back when every slave has ended.
pub async fn run(
    deployment: Arc<Deployment>,
    fleet: Arc<dyn Fleet>,
    events: Events,
    cancel: Cancel,
) -> Outcome {
    let begin = Instant::now();
    let plan = &deployment.plan;
    let hosts = plan.hosts.clone();
    events
        .send(Event::PlanStarted {
            plan: plan.name.clone(),
            source: plan.source.name().to_owned(),
            mode: deployment.mode,
            hosts: hosts.iter().map(|host| host.name.clone()).collect(),
            tasks: plan.tasks.len(),
        })
        .await;
    let all = fleet.clone();
    let shared = Arc::new(Shared {
        forks: Semaphore::new(deployment.forks.max(1)),
        deployment,
        fleet,
        events: events.clone(),
        cancel,
    });
    let mut under_way = JoinSet::new();
    for host in hosts {
        let shared = shared.clone();
        under_way.spawn(async move { host::run(&shared, &host).await });
    }
    let mut outcome = Outcome::default();
    while let Some(ended) = under_way.join_next().await {
        match ended {
            Ok((status, totals)) => {
                outcome.hosts.count(status);
                outcome.totals.add(&totals);
            }
            // An error in this program: nothing that a host could answer for.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => outcome.hosts.count(HostStatus::Cancelled),
        }
    }
    all.leave().await;
    events
        .send(Event::PlanFinished {
            hosts: outcome.hosts,
            totals: outcome.totals,
            duration_ms: millis(begin.elapsed()),
        })
        .await;
    outcome
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
