//! One instance and the calls in it.

use super::clock::Clock;
use super::resources::{NoStreams, ResourceHandles, Resources};
use super::{Inside, NOTHING};
use crate::executor::{self, Executor, Freed, allowance, refused_value};
use crate::modules::{Function, Module, refused};
use crate::streaming::why;
use crate::streams::{Life, Peer, StreamHandles};
use crate::value::{self, Handles, ValueError};
use bytes::Bytes;
use proto::CallLimits;
use proto::message::{EngineKind, LimitKind, Outcome, RefusedKind};
use sandbox::{Guest, ended};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use wasmtime::component::{Accessor, AccessorTask, Func, Instance, Type, Val};
use wasmtime::{AsContextMut, Store};

/// Something to do in an instance.
pub(crate) struct Job {
    pub(crate) work: Work,
    /// Nobody may wait for it any more: then what was begun goes on all the same, until its deadline.
    pub(crate) outcome: oneshot::Sender<Outcome>,
}

/// What to do.
pub(crate) enum Work {
    /// To call a function.
    Call {
        function: Arc<Function>,
        arguments: Bytes,
        peer: Arc<dyn Peer>,
        deadline: Instant,
        wall_ms: u64,
    },
    /// To drop the resource with this number.
    Drop(u64),
}

/// What the calls of an instance share.
#[derive(Clone)]
struct Shared {
    instance: Instance,
    resources: Resources,
    life: Life,
    clock: Clock,
    limits: CallLimits,
    /// How many are under way.
    running: watch::Sender<usize>,
}

impl Executor {
    /// Drives an instance to its end.
    pub(crate) async fn keep(
        self: Arc<Self>,
        module: Arc<Module>,
        guest: Guest,
        mut inside: Inside,
    ) {
        let (output, life) = (guest.output.clone(), Life::new());
        let _freed = Freed(&self.freed);
        let (clock, stop) = (inside.clock.clone(), inside.stop.clone());
        let end = inside.end();
        {
            let mut working = pin!(self.work(&module, guest, &mut inside, &life));
            // It is interrupted while it is at work, which may be between calls, too; idle it costs nothing.
            let mut living = pin!(poll_fn(|context| {
                let _ticking = self.ticker.tick();
                working.as_mut().poll(context)
            }));
            let outcome = tokio::select! {
                biased;
                () = stop.notified() => Outcome::Cancelled,
                outcome = life.drive(living.as_mut()) => outcome,
                over = output.exceeded() => over.into(),
                allowed = clock.expired() => Outcome::OverLimit {
                    limit: LimitKind::WallTime,
                    allowed,
                },
            };
            // Before its streams, and those who wait for something in it, end with the store.
            life.fail(&why(&outcome));
            end.say(why(&outcome));
        }
        output.finish().await;
    }

    async fn work(
        &self,
        module: &Module,
        guest: Guest,
        inside: &mut Inside,
        life: &Life,
    ) -> Outcome {
        let limits = guest.limits;
        let (mut store, instance) = match self.instance_of(module, guest).await {
            Ok(made) => made,
            Err(outcome) => return outcome,
        };
        let shared = Shared {
            instance,
            resources: Resources::default(),
            life: life.clone(),
            clock: inside.clock.clone(),
            limits,
            running: watch::Sender::new(0),
        };
        loop {
            let next = match module.kind {
                EngineKind::Plain => inside.jobs.recv().await,
                EngineKind::Concurrent => match concurrent(&mut store, &shared, inside).await {
                    Ok(next) => next,
                    Err(error) => return ended(&error, limits),
                },
            };
            let Some(Job { work, outcome }) = next else {
                return Outcome::Cancelled;
            };
            let done = match work {
                Work::Drop(number) => drop_resource(&mut store, &shared, number).await,
                Work::Call {
                    function,
                    arguments,
                    deadline,
                    wall_ms,
                    ..
                } => {
                    let _timed = shared.clock.begin(deadline, wall_ms);
                    call_plain(&mut store, &shared, &function, &arguments).await
                }
            };
            let fatal = is_fatal(&done).then(|| done.clone());
            let _ = outcome.send(done);
            if let Some(fatal) = fatal {
                return fatal;
            }
        }
    }
}

/// Calls functions as they come, until something else is to be done and none of them is under way.
async fn concurrent(
    store: &mut Store<Guest>,
    shared: &Shared,
    inside: &mut Inside,
) -> wasmtime::Result<Option<Job>> {
    let jobs = &mut inside.jobs;
    store
        .run_concurrent(async |accessor| {
            loop {
                match jobs.recv().await {
                    Some(Job {
                        work: work @ Work::Call { .. },
                        outcome,
                    }) => {
                        shared.running.send_modify(|running| *running += 1);
                        let job = Job { work, outcome };
                        let shared = shared.clone();
                        accessor.spawn(Running { job, shared })?;
                    }
                    None => return Ok(None),
                    other => {
                        // The sender lives in `shared`, so waiting cannot fail.
                        let mut running = shared.running.subscribe();
                        let _ = running.wait_for(|running| *running == 0).await;
                        return Ok(other);
                    }
                }
            }
        })
        .await?
}

/// A call of the concurrent engine.
struct Running {
    job: Job,
    shared: Shared,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.running.send_modify(|running| *running -= 1);
    }
}

impl AccessorTask<Guest> for Running {
    async fn run(mut self, accessor: &Accessor<Guest>) -> wasmtime::Result<()> {
        let nobody = oneshot::channel().0;
        let outcome = std::mem::replace(&mut self.job.outcome, nobody);
        let Work::Call {
            function,
            arguments,
            peer,
            deadline,
            wall_ms,
        } = &self.job.work
        else {
            return Ok(());
        };
        let _timed = self.shared.clock.begin(*deadline, *wall_ms);
        let done = call_concurrent(accessor, &self.shared, function, arguments, peer, *deadline);
        let done = done.await.unwrap_or_else(|outcome| outcome);
        let fatal = is_fatal(&done).then(|| why(&done));
        if let Some(fatal) = &fatal {
            self.shared.life.fail(fatal);
        }
        let _ = outcome.send(done);
        match fatal {
            Some(fatal) => Err(wasmtime::Error::msg(fatal)),
            None => Ok(()),
        }
    }
}

/// What leaves an instance in a state that nobody knows.
fn is_fatal(outcome: &Outcome) -> bool {
    !matches!(
        outcome,
        Outcome::Returned(_) | Outcome::Failed(_) | Outcome::Refused { .. }
    )
}

/// The types of a function as this instance has them: resources are an instance's own.
struct Signature {
    params: Vec<(String, Type)>,
    results: Vec<(String, Type)>,
}

fn func(shared: &Shared, function: &Function, store: impl AsContextMut) -> Result<Func, Outcome> {
    let func = shared.instance.get_func(store, function.index);
    func.ok_or_else(|| {
        refused(
            RefusedKind::NoExport,
            "the export is no function".to_owned(),
        )
    })
}

fn signature(
    shared: &Shared,
    function: &Function,
    mut store: impl AsContextMut,
) -> Result<(Func, Signature), Outcome> {
    let func = func(shared, function, &mut store)?;
    let ty = func.ty(&store);
    let signature = Signature {
        params: ty
            .params()
            .map(|(name, ty)| (name.to_owned(), ty))
            .collect(),
        results: ty.results().map(|ty| ("result".to_owned(), ty)).collect(),
    };
    Ok((func, signature))
}

fn decode<S: Handles>(
    shared: &Shared,
    signature: &Signature,
    mut arguments: &[u8],
    streams: S,
) -> Result<Vec<Val>, Outcome> {
    let mut handles = ResourceHandles {
        resources: &shared.resources,
        streams,
        taken: Vec::new(),
    };
    let decoded = allowance(shared.limits)
        .decode_all_with(&signature.params, &mut arguments, &mut handles)
        .and_then(|values| value::finish(arguments).map(|()| values));
    decoded.map_err(|error| {
        shared.resources.put_back(handles.taken);
        refused_value(error, shared.limits)
    })
}

fn encode<S: Handles>(
    shared: &Shared,
    signature: &Signature,
    results: &[Val],
    streams: S,
) -> Result<Outcome, Outcome> {
    let mut handles = ResourceHandles {
        resources: &shared.resources,
        streams,
        taken: Vec::new(),
    };
    let mut encoded = Vec::new();
    value::encode_all_with(&signature.results, results, &mut encoded, &mut handles)
        .map_err(|error: ValueError| refused(RefusedKind::Unsupported, error.to_string()))?;
    Ok(match results {
        [Val::Result(Err(_))] => Outcome::Failed(encoded.into()),
        _ => Outcome::Returned(encoded.into()),
    })
}

async fn call_plain(
    store: &mut Store<Guest>,
    shared: &Shared,
    function: &Function,
    arguments: &Bytes,
) -> Outcome {
    let call = async {
        if let Some(direct) = &function.direct {
            let func = func(shared, function, &mut *store)?;
            let answer = direct.call(&func, &mut *store, arguments.clone()).await;
            return Ok(executor::answer(answer, shared.limits));
        }
        let (func, signature) = signature(shared, function, &mut *store)?;
        let params = decode(shared, &signature, arguments, NoStreams)?;
        let mut results = vec![Val::Bool(false); signature.results.len()];
        func.call_async(&mut *store, &params, &mut results)
            .await
            .map_err(|error| ended(&error, shared.limits))?;
        encode(shared, &signature, &results, NoStreams)
    };
    call.await.unwrap_or_else(|outcome| outcome)
}

async fn call_concurrent(
    accessor: &Accessor<Guest>,
    shared: &Shared,
    function: &Function,
    arguments: &Bytes,
    peer: &Arc<dyn Peer>,
    until: Instant,
) -> Result<Outcome, Outcome> {
    if let Some(direct) = &function.direct {
        let func = accessor.with(|store| func(shared, function, store))?;
        let answer = direct.call_concurrent(&func, accessor, arguments.clone());
        return Ok(executor::answer(answer.await, shared.limits));
    }
    let (func, signature, params) = accessor.with(|mut access| {
        let (func, signature) = signature(shared, function, access.as_context_mut())?;
        let streams = StreamHandles {
            store: access.as_context_mut(),
            peer,
            life: &shared.life,
            until,
            count: 0,
        };
        let params = decode(shared, &signature, arguments, streams)?;
        Ok::<_, Outcome>((func, signature, params))
    })?;
    let mut results = vec![Val::Bool(false); signature.results.len()];
    func.call_concurrent(accessor, &params, &mut results)
        .await
        .map_err(|error| ended(&error, shared.limits))?;
    accessor.with(|mut access| {
        let streams = StreamHandles {
            store: access.as_context_mut(),
            peer,
            life: &shared.life,
            until,
            count: 0,
        };
        encode(shared, &signature, &results, streams)
    })
}

async fn drop_resource(store: &mut Store<Guest>, shared: &Shared, number: u64) -> Outcome {
    let Some(resource) = shared.resources.take(number) else {
        let why = format!("no resource has the number {number} (any more)");
        return refused(RefusedKind::BadArguments, why);
    };
    match resource.resource_drop_async(store).await {
        Ok(()) => Outcome::Returned(NOTHING.into()),
        Err(error) => ended(&error, shared.limits),
    }
}
