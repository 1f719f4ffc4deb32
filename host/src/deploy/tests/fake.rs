//! A fleet without machines: each host answers as it is told, and remembers what it was asked.

use crate::deploy::cancel::Cancel;
use crate::deploy::event::{Event, Mode, TaskFinished};
use crate::deploy::fleet::{Call, Fleet, Remote};
use crate::deploy::{Deployment, Events, Outcome, run};
use crate::error::{Error, Exit};
use crate::master::CallResult;
use crate::module::Module;
use crate::plan::sources::Offered;
use crate::plan::tests::checked;
use crate::plan::{Engine, Host};
use crate::value::to_wave;
use async_trait::async_trait;
use proto::{CallLimits, Digest, Policy};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wasmtime::component::Val;

/// When what a lost host ran has ended.
pub(super) const ORPHANS_END: Duration = Duration::from_secs(20);

/// How hosts behave.
type Answer = dyn Fn(&str, &str) -> CallResult + Send + Sync;

/// Hosts that answer.
pub(super) struct Fake {
    /// From the module's name and its arguments in WAVE to the result of the call.
    answer: Box<Answer>,
    /// No slave can be started.
    pub(super) unreachable: bool,
    /// So many connections fail, before others succeed.
    pub(super) fails_first: usize,
    /// So many connections succeed, before others fail.
    pub(super) fails_after: Option<usize>,
    /// How often a host is tried again.
    pub(super) retries: u32,
    /// Calls never end.
    pub(super) hangs: bool,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    calls: Mutex<Vec<String>>,
    tried: AtomicUsize,
    connected: AtomicUsize,
    most: AtomicUsize,
    shut_down: AtomicUsize,
}

impl Fake {
    pub(super) fn new(answer: impl Fn(&str, &str) -> CallResult + Send + Sync + 'static) -> Self {
        Self {
            answer: Box::new(answer),
            unreachable: false,
            fails_first: 0,
            fails_after: None,
            retries: 0,
            hangs: false,
            shared: Arc::default(),
        }
    }
}

/// What happened.
pub(super) struct Story {
    pub(super) outcome: Outcome,
    pub(super) events: Vec<Event>,
    /// `module(arguments) grants`
    pub(super) calls: Vec<String>,
    pub(super) shut_down: usize,
    /// The most hosts that were connected at one time.
    pub(super) most: usize,
}

impl Story {
    pub(super) fn tasks(&self) -> Vec<&TaskFinished> {
        let tasks = self.events.iter().filter_map(|event| match event {
            Event::TaskFinished(task) => Some(task),
            _ => None,
        });
        tasks.collect()
    }

    /// The names of the events.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.events.iter().map(|event| {
            let json = serde_json::to_value(event).unwrap();
            json["event"].as_str().unwrap().to_owned()
        });
        names.collect()
    }
}

/// Applies a plan to hosts that are all the same.
pub(super) async fn apply(plan: &str, hosts: usize, mode: Mode, fake: Fake) -> Story {
    apply_until(plan, hosts, mode, fake, Cancel::new()).await
}

pub(super) async fn apply_until(
    plan: &str,
    hosts: usize,
    mode: Mode,
    fake: Fake,
    cancel: Cancel,
) -> Story {
    let mut plan = checked(plan, &[]).unwrap();
    let host = plan.hosts[0].clone();
    plan.hosts = (0..hosts)
        .map(|number| Host {
            name: format!("host{number}"),
            spec: host.spec.clone(),
        })
        .collect();
    let deployment = Arc::new(Deployment {
        secrets: crate::secrets::Secrets::default(),
        plan,
        engine: Engine::new(),
        mode,
        forks: 2,
        retries: fake.retries,
        orphans_end: ORPHANS_END,
        limits: CallLimits::default(),
    });
    let shared = fake.shared.clone();
    let (events, mut waiting) = Events::new();
    let work = tokio::spawn(run(deployment, Arc::new(Arc::new(fake)), events, cancel));
    let mut seen = Vec::new();
    while let Some(event) = waiting.recv().await {
        seen.push(event);
    }
    Story {
        outcome: work.await.unwrap(),
        events: seen,
        calls: shared.calls.lock().unwrap().clone(),
        shut_down: shared.shut_down.load(Ordering::SeqCst),
        most: shared.most.load(Ordering::SeqCst),
    }
}

#[async_trait]
impl Fleet for Arc<Fake> {
    async fn connect(&self, _: &Host) -> Result<Box<dyn Remote>, Error> {
        let tried = self.shared.tried.fetch_add(1, Ordering::SeqCst);
        let fails =
            tried < self.fails_first || self.fails_after.is_some_and(|after| tried >= after);
        if self.unreachable || fails {
            let error = Error::new(Exit::Unreachable, "nobody at home");
            return Err(error.hint("come back later"));
        }
        let connected = self.shared.connected.fetch_add(1, Ordering::SeqCst) + 1;
        self.shared.most.fetch_max(connected, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok(Box::new(self.clone()))
    }

    fn offer(&self, name: &str, path: &Path) -> Result<Offered, String> {
        if !path.is_file() {
            return Err(format!("cannot read {name}"));
        }
        Ok(Offered {
            digest: Digest([7; 32]).to_string(),
            size: 5,
        })
    }

    async fn prepare(&self, _: &Arc<Module>, _: &Policy, _: &Path) -> Result<(), Error> {
        Ok(())
    }

    async fn leave(&self) {}
}

#[async_trait]
impl Remote for Arc<Fake> {
    async fn call(&self, call: Call<'_>) -> CallResult {
        let arguments: Vec<_> = call.arguments.iter().map(to_wave).collect();
        let arguments = arguments.join(", ");
        let module = &call.module.reference.name;
        let line = format!("{module}({arguments}) {}", call.policy.summary());
        self.shared.calls.lock().unwrap().push(line);
        if self.hangs {
            std::future::pending::<()>().await;
        }
        (self.answer)(module, &arguments)
    }

    async fn shutdown(self: Box<Self>) {
        self.shared.connected.fetch_sub(1, Ordering::SeqCst);
        self.shared.shut_down.fetch_add(1, Ordering::SeqCst);
    }
}

/// A task's report with these fields behind its outcome.
pub(super) fn report(changed: bool, fields: &[(&str, Val)]) -> CallResult {
    let change = record(&[
        ("subject", text("/etc/motd")),
        ("before", Val::Option(None)),
        ("after", Val::Option(Some(Box::new(text("new\n"))))),
    ]);
    let outcome = record(&[
        ("changed", Val::Bool(changed)),
        (
            "summary",
            text(if changed { "created" } else { "as asked" }),
        ),
        (
            "changes",
            Val::List(if changed { vec![change] } else { Vec::new() }),
        ),
    ]);
    let mut all = vec![("outcome", outcome)];
    all.extend(fields.iter().cloned());
    CallResult::Returned(Some(Val::Result(Ok(Some(Box::new(record(&all)))))))
}

/// A task's failure.
pub(super) fn failure(kind: &str) -> CallResult {
    let failure = record(&[
        ("kind", Val::Enum(kind.to_owned())),
        ("message", text("it did not work")),
        ("hint", Val::Option(Some(Box::new(text("try again"))))),
    ]);
    CallResult::Failed(Val::Result(Err(Some(Box::new(failure)))))
}

pub(super) fn text(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn record(fields: &[(&str, Val)]) -> Val {
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()));
    Val::Record(fields.collect())
}
