//! Runs calls: one store for each, from its first instruction to its one outcome.

use crate::artifact::Artifacts;
use crate::engine::Engines;
use crate::instances::Instances;
use crate::modules::{Function, Module, Modules, refused};
use crate::streaming::{LIVING, Streaming};
use crate::streams::{Carries, Peer};
use crate::supply::Supply;
use crate::ticker::{SLICE, Ticker};
use crate::value::{self, CallError, ValueError};
use bytes::Bytes;
use proto::CallLimits;
use proto::message::{Call, CompatibilityId, LimitKind, ModuleRef, Outcome, RefusedKind};
use sandbox::Guard;
use sandbox::Output;
use sandbox::blocking;
use sandbox::{Guest, Meter, OverLimit, Program, ended};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, Semaphore, mpsc};
use tokio::time::Instant;
use wasmtime::component::{Func, Instance, Val};
use wasmtime::{Engine, PoolConcurrencyLimitError, Store};

/// Resource handles, of the host's or its own, that a guest may have at once.
const MAX_HANDLES: usize = 4096;

/// Executes calls in sandboxes. Made once per process.
pub struct Executor {
    engines: Arc<Engines>,
    pub(crate) modules: Modules,
    pub(crate) ticker: Ticker,
    upstream: Arc<dyn Supply>,
    /// A call has given back its part of the pool.
    pub(crate) freed: Notify,
    /// Held by the one call that waits for a part of the pool and is next to try.
    waiting: Mutex<()>,
    /// Turns of guests that live on behind their outcome.
    pub(crate) living: Semaphore,
    pub(crate) instances: Instances,
    guard: Option<Arc<dyn Guard>>,
}

impl Executor {
    /// An executor that keeps artifacts in a directory, if it is given one, and asks `upstream` for
    /// what it lacks.
    ///
    /// # Errors
    /// If the operating system refuses a thread.
    pub fn new(
        compatibility: CompatibilityId,
        artifacts: Option<Artifacts>,
        upstream: Arc<dyn Supply>,
    ) -> std::io::Result<Self> {
        let engines = Arc::new(Engines::default());
        Ok(Self {
            ticker: Ticker::start(engines.clone())?,
            modules: Modules::new(engines.clone(), compatibility, artifacts, upstream.clone()),
            engines,
            upstream,
            freed: Notify::new(),
            waiting: Mutex::new(()),
            living: Semaphore::new(LIVING),
            instances: Instances::default(),
            guard: None,
        })
    }

    /// With a guard that ends commands when this process can no longer.
    #[must_use]
    pub fn guarded(mut self, guard: Arc<dyn Guard>) -> Self {
        self.guard = Some(guard);
        self
    }

    /// Does this call most likely end at once, without waiting for anything, as those before it did?
    #[must_use]
    pub fn is_quick(&self, call: &Call) -> bool {
        let function = self.modules.at_hand(&call.module.digest, &call.export);
        !call.policy.is_looked_up() && function.is_some_and(|function| function.pace.is_quick())
    }

    /// Loads a module that will be called.
    ///
    /// # Errors
    /// Why it cannot be, for a person.
    pub async fn load(&self, module: &ModuleRef) -> Result<(), String> {
        match self.modules.get(module).await {
            Ok(_) => Ok(()),
            Err(Outcome::Refused { message, .. }) => Err(message),
            Err(other) => Err(format!("{other:?}")),
        }
    }

    /// The modules that are loaded.
    #[must_use]
    pub fn modules(&self) -> Vec<ModuleRef> {
        self.modules.loaded()
    }

    /// Runs one call to its outcome. Dropping the future cancels it: its store goes with it.
    ///
    /// `arguments` is one CBOR array, in the order of the export's parameters. Streams in it, and in the outcome, lead
    /// to the peer. Must be called inside a tokio runtime.
    pub async fn execute(
        self: &Arc<Self>,
        call: Call,
        arguments: Bytes,
        peer: Arc<dyn Peer>,
    ) -> Outcome {
        // Held here, so that it ends even if no guest is ever made.
        let stdout = call.stdout.map(|handle| peer.print(handle));
        let allowed = call.limits.wall_ms;
        let deadline = Instant::now() + Duration::from_millis(allowed);
        tokio::time::timeout_at(
            deadline,
            self.run(call, arguments, peer, stdout.clone(), deadline),
        )
        .await
        .unwrap_or(Outcome::OverLimit {
            limit: LimitKind::WallTime,
            allowed,
        })
    }

    async fn run(
        self: &Arc<Self>,
        call: Call,
        arguments: Bytes,
        peer: Arc<dyn Peer>,
        stdout: Option<mpsc::Sender<Bytes>>,
        deadline: Instant,
    ) -> Outcome {
        if let Some(number) = call.instance {
            return self
                .in_instance(number, call, arguments, peer, deadline)
                .await;
        }
        let limits = call.limits;
        let ready = async {
            let module = self.modules.get(&call.module).await?;
            let function = module.function(&call.export)?;
            Ok((module, function))
        };
        let (module, function) = match ready.await {
            Ok(ready) => ready,
            Err(outcome) => return outcome,
        };
        let program = Program {
            args: call.args.clone(),
            stdin: call.stdin.map(|number| peer.read(Carries::Bytes, number)),
            stdout,
        };
        let guest = match self.guest(call, program).await {
            Ok(guest) => guest,
            Err(error) => return ended(&error, limits),
        };
        if function.resources {
            let why = format!(
                "`{}`: its resources live only as long as their instance, and this call has none that is kept",
                function.name
            );
            return refused(RefusedKind::Unsupported, why);
        }
        if function.streams {
            let streaming = Streaming {
                module,
                function,
                arguments,
                peer,
                deadline,
            };
            return self.stream(guest, streaming).await;
        }
        let output = guest.output.clone();
        let _ticking = self.ticker.tick();
        // However the call ends, its part of the pool is free then.
        let _freed = Freed(&self.freed);
        let mut calling = pin!(async {
            tokio::select! {
                biased;
                outcome = self.call(&module, &function, guest, arguments) => outcome,
                over = output.exceeded() => over.into(),
            }
        });
        let timing = function.pace.start();
        let mut polls = 0;
        let outcome = poll_fn(|context| {
            polls += 1;
            calling.as_mut().poll(context)
        });
        let outcome = outcome.await;
        // The store is gone by now, and with it the last writer: what was said can be completed.
        self.freed.notify_waiters();
        let silent = !output.finish().await;
        timing.done(polls == 1 && silent);
        worst(outcome, &output)
    }

    /// What the store will hold. Finding where grants lead may block, on a disk that hangs for example.
    pub(crate) async fn guest(&self, call: Call, program: Program) -> wasmtime::Result<Guest> {
        let (upstream, guard) = (self.upstream.clone(), self.guard.clone());
        let is_looked_up = call.policy.is_looked_up();
        let (module, policy, limits) = (call.module, call.policy, call.limits);
        let make = move || {
            let mut guest = Guest::new(&module, policy, limits, upstream, guard, program);
            guest.ticket = call.ticket;
            guest
        };
        if is_looked_up {
            blocking(move |_| make()).await
        } else {
            Ok(make())
        }
    }

    async fn call(
        &self,
        module: &Module,
        function: &Function,
        guest: Guest,
        arguments: Bytes,
    ) -> Outcome {
        let (mut store, func) = match self.prepare(module, function, guest).await {
            Ok(prepared) => prepared,
            Err(outcome) => return outcome,
        };
        match &function.direct {
            Some(signature) => {
                let limits = store.data().limits;
                answer(signature.call(&func, store, arguments).await, limits)
            }
            None => call_values(function, &func, &mut store, &arguments).await,
        }
    }

    /// A store with an instance, and the function in it.
    pub(crate) async fn prepare(
        &self,
        module: &Module,
        function: &Function,
        guest: Guest,
    ) -> Result<(Store<Guest>, Func), Outcome> {
        let (mut store, instance) = self.instance_of(module, guest).await?;
        match instance.get_func(&mut store, function.index) {
            Some(func) => Ok((store, func)),
            None => Err(refused(
                RefusedKind::NoExport,
                "the export is no function".to_owned(),
            )),
        }
    }

    pub(crate) async fn instance_of(
        &self,
        module: &Module,
        guest: Guest,
    ) -> Result<(Store<Guest>, Instance), Outcome> {
        if let (Some(interface), None) = (&module.bound, guest.ticket) {
            let why = format!("it imports `{interface}`, which nobody here offers");
            return Err(refused(RefusedKind::MissingImport, why));
        }
        let engine = self.engines.get(module.kind);
        let engine =
            engine.map_err(|error| refused(RefusedKind::BadModule, format!("{error:#}")))?;
        self.instantiate(engine, module, guest).await
    }

    /// Makes a store and an instance in it. Where the pool is empty, waits for another call to end.
    async fn instantiate(
        &self,
        engine: &Engine,
        module: &Module,
        mut guest: Guest,
    ) -> Result<(Store<Guest>, Instance), Outcome> {
        let mut turn = None;
        loop {
            let alone = self.is_alone();
            let freed = self.freed.notified();
            let limits = guest.limits;
            let mut store = sandbox(engine, guest);
            let error = match module.instances.instantiate_async(&mut store).await {
                Ok(instance) => return Ok((store, instance)),
                Err(error) => error,
            };
            if !error.is::<PoolConcurrencyLimitError>() {
                return Err(ended(&error, limits));
            }
            // What it got of the pool goes back with the store.
            guest = store.into_data();
            guest.memory = Meter::new(limits.memory_bytes);
            if alone && self.is_alone() {
                let why = "the module needs more instances or memories than there are";
                return Err(refused(RefusedKind::BadModule, why.to_owned()));
            }
            if turn.is_some() {
                freed.await;
            } else {
                // One at a time tries again; what this one gave back may be what another waits for.
                self.freed.notify_waiters();
                turn = Some(self.waiting.lock().await);
            }
        }
    }

    /// Is this the only call under way, and does no instance live besides?
    fn is_alone(&self) -> bool {
        self.ticker.calls() < 2 && self.instances.is_empty()
    }
}

/// Says that a part of the pool is free, when it is dropped.
pub(crate) struct Freed<'a>(pub(crate) &'a Notify);

impl Drop for Freed<'_> {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

/// A store that holds a guest to its limits.
fn sandbox(engine: &Engine, guest: Guest) -> Store<Guest> {
    let memory = memory(guest.limits);
    let mut store = Store::new(engine, guest);
    // What a guest hands to the host is kept as values there: they count as its memory, too.
    store.set_hostcall_fuel(memory);
    store.set_max_component_handles(MAX_HANDLES);
    store.limiter(|guest| &mut guest.memory);
    store.set_epoch_deadline(SLICE);
    store.epoch_deadline_async_yield_and_update(SLICE);
    store
}

/// What a call may take of the host's memory for its values: as much as its guest may have.
fn memory(limits: CallLimits) -> usize {
    usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX)
}

/// The same as the decoder wants it.
pub(crate) fn allowance(limits: CallLimits) -> value::Limits {
    value::Limits {
        memory: memory(limits),
    }
}

/// The outcome of a call whose arguments cannot be decoded.
pub(crate) fn refused_value(error: ValueError, limits: CallLimits) -> Outcome {
    match error {
        ValueError::TooLarge { .. } => OverLimit::memory(limits).into(),
        error => refused(RefusedKind::BadArguments, error.to_string()),
    }
}

/// A guest that went over its output limit may see its own write fail, and trap on that.
fn worst(outcome: Outcome, output: &Output) -> Outcome {
    match output.check() {
        Some(over) => over.into(),
        None => outcome,
    }
}

/// The outcome of a call that was made without a `Val`.
pub(crate) fn answer(answer: Result<value::Answer, CallError>, limits: CallLimits) -> Outcome {
    match answer {
        Ok(answer) if answer.failed => Outcome::Failed(answer.results.into()),
        Ok(answer) => Outcome::Returned(answer.results.into()),
        Err(CallError::Arguments(error)) => refused_value(error, limits),
        Err(CallError::Call(error)) => ended(&error, limits),
    }
}

/// The way of a function that is `async`.
async fn call_values(
    function: &Function,
    func: &Func,
    store: &mut Store<Guest>,
    mut arguments: &[u8],
) -> Outcome {
    let limits = store.data().limits;
    let decoded = allowance(limits)
        .decode_all(&function.params, &mut arguments)
        .and_then(|values| {
            value::finish(arguments)?;
            Ok(values)
        });
    let params = match decoded {
        Ok(params) => params,
        Err(error) => return refused_value(error, limits),
    };
    let mut results = vec![Val::Bool(false); function.results.len()];
    if let Err(error) = func.call_async(&mut *store, &params, &mut results).await {
        return ended(&error, limits);
    }
    let mut encoded = Vec::new();
    match value::encode_all(&function.results, &results, &mut encoded) {
        Ok(()) if matches!(results.as_slice(), [Val::Result(Err(_))]) => {
            Outcome::Failed(encoded.into())
        }
        Ok(()) => Outcome::Returned(encoded.into()),
        Err(error) => refused(RefusedKind::Unsupported, error.to_string()),
    }
}
