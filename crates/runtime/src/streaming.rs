//! Calls with streams. The outcome is there when the function has returned; its guest lives on until what it writes has
//! ended, or its time is over.

use crate::executor::{Executor, Freed, allowance, refused_value};
use crate::modules::{Function, Module, refused};
use crate::streams::{Life, Peer, StreamHandles};
use crate::value::{self, ValueError};
use bytes::Bytes;
use proto::message::{LimitKind, Outcome, RefusedKind};
use sandbox::{Guest, OverLimit, ended};
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};
use wasmtime::AsContextMut;
use wasmtime::component::{Accessor, Func, Val};

/// Guests with streams that may live at once. Further ones wait, within their time.
pub(crate) const LIVING: usize = 64;

/// One call with streams.
pub(crate) struct Streaming {
    pub(crate) module: Arc<Module>,
    pub(crate) function: Arc<Function>,
    pub(crate) arguments: Bytes,
    pub(crate) peer: Arc<dyn Peer>,
    /// When the guest is stopped, whatever it does.
    pub(crate) deadline: Instant,
}

/// Stops a guest when it is dropped: nobody waits for its outcome any more.
struct Stop(Option<AbortHandle>);

impl Drop for Stop {
    fn drop(&mut self) {
        if let Some(guest) = &self.0 {
            guest.abort();
        }
    }
}

impl Executor {
    /// Runs a call with streams until it has an outcome. Dropping the future before stops the guest; afterwards the readers
    /// of its streams do, by leaving.
    pub(crate) async fn stream(self: &Arc<Self>, guest: Guest, streaming: Streaming) -> Outcome {
        let (sender, outcome) = oneshot::channel();
        let living = tokio::spawn(self.clone().live(guest, streaming, sender));
        let mut stop = Stop(Some(living.abort_handle()));
        let outcome = match outcome.await {
            Ok(outcome) => outcome,
            // It has ended before it had one. Nobody else stops it.
            Err(_) => living.await.unwrap_or(Outcome::Cancelled),
        };
        // From now on it goes on by itself.
        stop.0 = None;
        outcome
    }

    /// Gives the outcome of a call that had none before.
    async fn live(
        self: Arc<Self>,
        guest: Guest,
        streaming: Streaming,
        sender: oneshot::Sender<Outcome>,
    ) -> Outcome {
        let (limits, output, life) = (guest.limits, guest.output.clone(), Life::new());
        let _ticking = self.ticker.tick();
        let _freed = Freed(&self.freed);
        let mut living = pin!(self.run_streaming(guest, &streaming, &life, sender));
        let outcome = tokio::select! {
            biased;
            outcome = life.drive(living.as_mut()) => outcome,
            over = output.exceeded() => Err(over.into()),
            () = sleep_until(streaming.deadline) => Err(Outcome::OverLimit {
                limit: LimitKind::WallTime,
                allowed: limits.wall_ms,
            }),
        };
        let Err(outcome) = outcome else {
            output.finish().await;
            return Outcome::Cancelled;
        };
        // Before the streams end with the store, which is a moment later.
        life.fail(&why(&outcome));
        output.finish().await;
        outcome
    }

    async fn run_streaming(
        &self,
        guest: Guest,
        streaming: &Streaming,
        life: &Life,
        sender: oneshot::Sender<Outcome>,
    ) -> Result<(), Outcome> {
        // It is never closed.
        let _place = self.living.acquire().await;
        let (module, limits) = (&streaming.module, guest.limits);
        let (mut store, func) = self.prepare(module, &streaming.function, guest).await?;
        let run = store
            .run_concurrent(async |accessor| call(accessor, &func, streaming, life, sender).await)
            .await;
        let ended = match run {
            Ok(ended) => ended,
            Err(error) => Err(ended(&error, limits)),
        };
        if let Err(outcome) = &ended {
            life.fail(&why(outcome));
        }
        ended
    }
}

async fn call(
    accessor: &Accessor<Guest>,
    func: &Func,
    streaming: &Streaming,
    life: &Life,
    sender: oneshot::Sender<Outcome>,
) -> Result<(), Outcome> {
    let Streaming { function, peer, .. } = streaming;
    let (limits, params) = accessor.with(|mut access| {
        let limits = access.get().limits;
        let mut handles = StreamHandles {
            store: access.as_context_mut(),
            peer,
            life,
            until: streaming.deadline,
            count: 0,
        };
        let mut arguments = streaming.arguments.as_ref();
        let decoded = allowance(limits)
            .decode_all_with(&function.params, &mut arguments, &mut handles)
            .and_then(|values| value::finish(arguments).map(|()| values));
        (limits, decoded)
    });
    let params = params.map_err(|error| refused_value(error, limits))?;
    let mut results = vec![Val::Bool(false); function.results.len()];
    func.call_concurrent(accessor, &params, &mut results)
        .await
        .map_err(|error| ended(&error, limits))?;
    let encoded = accessor.with(|mut access| {
        let mut handles = StreamHandles {
            store: access.as_context_mut(),
            peer,
            life,
            until: streaming.deadline,
            count: 0,
        };
        let mut encoded = Vec::new();
        value::encode_all_with(&function.results, &results, &mut encoded, &mut handles)?;
        Ok::<_, ValueError>(encoded)
    });
    let encoded = encoded.map_err(|error| refused(RefusedKind::Unsupported, error.to_string()))?;
    let outcome = match results.as_slice() {
        [Val::Result(Err(_))] => Outcome::Failed(encoded.into()),
        _ => Outcome::Returned(encoded.into()),
    };
    // Nobody waits for it any more: then nobody will read, either.
    if sender.send(outcome).is_ok() {
        life.written().await;
    }
    Ok(())
}

/// Why the streams of a guest break off, for whoever reads them.
pub(crate) fn why(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Trapped(why) => format!("the guest trapped: {why}"),
        Outcome::Exited(status) => format!("the guest ended itself with status {status}"),
        Outcome::Denied(why) => format!("the guest was denied something: {why}"),
        Outcome::OverLimit { limit, allowed } => OverLimit {
            limit: *limit,
            allowed: *allowed,
        }
        .to_string(),
        Outcome::Refused { message, .. } => message.clone(),
        _ => "its call was stopped".to_owned(),
    }
}
