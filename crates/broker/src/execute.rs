//! Calls that reach this context: each is a task of its own, and has one end.

use crate::broker::Broker;
use crate::lane::Kind;
use crate::service::{self, Caller};
use crate::{Execute, chain};
use bytes::Bytes;
use proto::message::{Call, Dead, DeadReason, EndChain, Outcome, RefusedKind};
use proto::router::{Input, Message};
use proto::{Body, BodyError, CallId, ContextId, Flags, Handle};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};
use tokio::runtime;
use tokio::task::unconstrained;

/// Up to so many bytes arguments are read, and a result is packed, on the thread of the links.
const SHORT: usize = 64 << 10;

/// For how long calls may begin on the thread of a link before it looks after the link again.
const TURN: Duration = Duration::from_millis(1);

/// What is left of the time in which calls may begin on the thread that read them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Turn {
    /// It began at this moment.
    Since(Instant),
    /// Nothing.
    Over,
}

impl Turn {
    pub(crate) fn begin() -> Self {
        Self::Since(Instant::now())
    }

    pub(crate) fn is_left(self) -> bool {
        matches!(self, Self::Since(began) if began.elapsed() < TURN)
    }
}

impl Broker {
    /// Starts a call that the router has handed out.
    pub(crate) fn execute(&self, call: CallId, from: ContextId, body: Body, turn: Turn) {
        let Some((executor, runtime)) = &self.shared.execute else {
            return;
        };
        let running = Running {
            broker: self.clone(),
            call,
            is_function: true,
        };
        // The head is read here, also of one that is long: the calls of a chain keep the order in which they came.
        let request = body.split::<Call>(self.shared.limits);
        let is_short = body.bytes().len() <= SHORT && !body.flags().contains(Flags::ZSTD);
        let is_quick = turn.is_left()
            && is_short
            && request
                .as_ref()
                .is_ok_and(|(head, _)| executor.is_quick(head));
        let place = match &request {
            Ok((
                Call {
                    chain: Some(chain), ..
                },
                _,
            )) => Place::of(self, from, *chain),
            _ => Place::Any,
        };
        let task = running.run(executor.clone(), from, request, place);
        let mut task = Box::pin(task);
        if !(is_quick && ends_at_once(runtime, task.as_mut())) {
            self.spawn(call, runtime, task);
        }
    }

    /// Notes that a call was not taken, in its chain if it has one.
    pub(crate) fn decline(&self, from: ContextId, body: &Body, why: Dead) {
        if let Ok((
            Call {
                chain: Some(chain), ..
            },
            _,
        )) = body.split(self.shared.limits)
        {
            self.lock().chains.fail(from, chain, Outcome::Dead(why));
        }
    }

    /// Starts anything else that was asked for and has one answer.
    pub(crate) fn perform(&self, call: CallId, caller: Caller, handle: Handle, body: Body) {
        let running = Running {
            broker: self.clone(),
            call,
            is_function: false,
        };
        self.spawn(call, &self.shared.io, running.perform(caller, handle, body));
    }

    /// END_CHAIN: the next call of the chain begins it anew, if there is one.
    pub(crate) fn end_chain(&self, message: &Message) {
        match message.body.decode::<EndChain>(self.shared.limits) {
            Ok(EndChain { chain }) => self.lock().chains.end(message.src, chain),
            Err(error) => tracing::warn!("dropped a message from {:?}: {error}", message.src),
        }
    }

    fn spawn(
        &self,
        call: CallId,
        runtime: &runtime::Handle,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let task = runtime.spawn(task).abort_handle();
        let mut task = Some(task);
        if let Some(slot) = self.lock().calls.get_mut(&call) {
            *slot = task.take();
        }
        // It came to its end in the meantime, or was cancelled before it was known how.
        if let Some(task) = task {
            task.abort();
        }
    }
}

/// Begins a task here, as if it ran on that runtime. If it has not come to its end it goes on there.
fn ends_at_once(runtime: &runtime::Handle, task: Pin<&mut impl Future<Output = ()>>) -> bool {
    let _there = runtime.enter();
    // Nobody needs to be woken: whoever takes the task over begins by asking how far it is. And what it may
    // do in one turn is not the reader's share.
    let mut context = Context::from_waker(Waker::noop());
    pin!(unconstrained(task)).poll(&mut context).is_ready()
}

/// A call under way. However its task ends, the call ends with it.
struct Running {
    broker: Broker,
    call: CallId,
    /// Whoever waits for a function takes an outcome only.
    is_function: bool,
}

impl Running {
    async fn run(
        self,
        executor: Arc<dyn Execute>,
        from: ContextId,
        request: Result<(Call, Bytes), BodyError>,
        place: Place,
    ) {
        let broker = &self.broker;
        let outcome = match request {
            Ok((head, arguments)) => {
                let work = executor.execute(broker, from, head, arguments);
                match place {
                    Place::Any => work.await,
                    Place::In(place) => place.in_turn(work).await,
                    Place::None(busy) => busy,
                }
            }
            Err(error) => Outcome::Refused {
                kind: RefusedKind::BadArguments,
                message: error.to_string(),
            },
        };
        if outcome.tail().len() > SHORT {
            // Where it began on the thread of the links it is packed elsewhere.
            tokio::task::yield_now().await;
        }
        let body = Body::with_tail(&outcome, outcome.tail())
            .map_err(|error| broker.malformed(&error))
            .and_then(|body| broker.packed(body).map_err(of_outcome))
            .unwrap_or_else(short);
        broker
            .when_room(from, Kind::Message, || self.finished(|| body))
            .await;
    }

    async fn perform(self, caller: Caller, handle: Handle, body: Body) {
        let broker = &self.broker;
        let asked = async {
            match handle {
                Handle::CALL_SERVICE => {
                    service::perform(&broker.shared.services, broker, caller, body).await
                }
                _ => {
                    let receive = &broker.shared.receive;
                    receive.perform(broker, caller, handle, body).await
                }
            }
        };
        let reply = asked
            .await
            .and_then(|body| broker.packed(body).map_err(of_outcome));
        broker
            .when_room(caller.context, Kind::Message, || match reply {
                Ok(body) => self.finished(|| body),
                Err(dead) => self.failed(&dead),
            })
            .await;
    }

    /// As [`finished`](Self::finished), where the reply is that there is none.
    fn failed(&self, dead: &Dead) {
        let call = self.call;
        if self.broker.lock().calls.remove(&call).is_some() {
            let dead = dead.clone();
            self.broker.drive(Input::Failed { call, dead });
        }
    }

    /// Nothing happens if the call was cancelled, or was finished before.
    fn finished(&self, body: impl FnOnce() -> Body) {
        let call = self.call;
        let known = self.broker.lock().calls.remove(&call).is_some();
        if known {
            let body = body();
            self.broker.drive(Input::Finished { call, body });
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its runtime has ended, or the executor panicked in a program that unwinds (one that began on the thread
        // of a link takes that link along). Our slave does not: there a panic ends the process, and the other
        // side sees the link go.
        let crashed = self.broker.dead(DeadReason::Crashed);
        if self.is_function {
            self.finished(|| short(crashed));
        } else {
            self.failed(&crashed);
        }
    }
}

/// Where a call stands.
enum Place {
    /// By itself.
    Any,
    /// In a chain.
    In(chain::Place),
    /// In one chain too many, which ends with this.
    None(Outcome),
}

impl Place {
    fn of(broker: &Broker, caller: ContextId, chain: u64) -> Self {
        let mut core = broker.lock();
        let chains = &mut core.chains;
        if let Some(place) = chains.join(caller, chain) {
            return Self::In(place);
        }
        let busy = Outcome::Dead(broker.dead(DeadReason::Busy));
        chains.fail(caller, chain, busy.clone());
        Self::None(busy)
    }
}

/// What is too large came of a call that ran: nobody may take it for one that did not.
fn of_outcome(mut dead: Dead) -> Dead {
    if let DeadReason::TooLarge(max) = dead.reason {
        dead.reason = DeadReason::OutcomeTooLarge(max);
    }
    dead
}

/// The outcome of a call that has no other.
fn short(dead: Dead) -> Body {
    // An outcome without a value can always be written as CBOR.
    Body::new(&Outcome::Dead(dead)).unwrap_or_else(|_| Body::empty())
}
