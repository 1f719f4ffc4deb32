//! Programs: calls with a command line and standard streams.

use super::Context;
use super::call::{CallOptions, CallResult, Place, decoded, prepared};
use super::guests::Held;
use super::streams::{Feed, Feeding, Found};
use crate::module::{Function, Module};
use broker::{Item, Receiver, WINDOW};
use bytes::Bytes;
use proto::ContextId;
use proto::message::{Dead, DeadReason, Outcome};
use proto::router::Accept;
use runtime::value::{self, ValueError};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// How long what a program has printed may take to come behind an outcome that may be of a call which nobody has begun to execute.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a program is started with. The default is no argument, an empty standard input, and an output that goes into the log.
#[derive(Default)]
pub struct Program {
    /// The arguments behind its name.
    pub args: Vec<String>,
    /// Its standard input.
    pub stdin: Option<Feed>,
    /// Takes its standard output, at its own pace. A program whose output nobody takes any more learns that when it writes.
    pub stdout: Option<mpsc::Sender<Bytes>>,
}

impl Context {
    /// Runs a program in an instance of its own: calls a function without parameters, `run` of `wasi:cli` most likely. Returns when all
    /// that it has printed was taken. Dropping the future stops it.
    ///
    /// # Errors
    /// If the function has parameters, or its result handles.
    pub async fn run(
        &self,
        module: &Arc<Module>,
        function: &Function,
        program: Program,
        options: &CallOptions,
    ) -> Result<CallResult, ValueError> {
        let (shared, broker) = (&self.shared, &self.shared.broker);
        let mut feeding = Feeding::new(broker, self.id, Vec::new());
        let target = self.target(Place::Fresh);
        let (mut call, encoded) = prepared(target, module, function, &[], &mut feeding, options)?;
        if let Some((path, ty)) = function.results.first()
            && value::holds(&function.results, value::is_handle)
        {
            // Nobody would read what it carries.
            let (path, wit) = (path.clone(), value::describe(ty));
            return Err(ValueError::Unsupported { path, wit });
        }
        call.args = program.args;
        call.stdin = program.stdin.map(|feed| feeding.offer(feed));
        let printed = program.stdout.map(|to| {
            let receiver = broker.receiver(Accept::Context(self.id), WINDOW);
            call.stdout = Some(receiver.address().handle);
            (receiver, to)
        });
        let held = shared.ticket(self.id, module, options, 0, true);
        call.ticket = held.as_ref().map(Held::number);
        shared.offer(module).await;

        let (tell, ended) = oneshot::channel();
        let calling = async {
            let calling = shared.outcome(self.id, &call, &encoded, options.deadline);
            let outcome = calling.await;
            // Where nothing is printed nobody listens.
            let _ = tell.send(still(&outcome).or(options.deadline));
            outcome
        };
        let (outcome, printed) = tokio::join!(calling, print(printed, ended, broker.me()));
        let mut none = Found(Vec::new());
        let result = decoded(function, outcome, self.id, call.limits, &mut none);
        Ok(match (result, printed) {
            (
                CallResult::Returned(_) | CallResult::Failed(_) | CallResult::Exited(_),
                Err(dead),
            ) => CallResult::Dead(dead),
            (result, _) => result,
        })
    }
}

/// Until when more of what was printed may come behind this outcome. None: until its end comes, as it does from whoever has begun to execute
/// the call, or the context is gone.
fn still(outcome: &Outcome) -> Option<Instant> {
    match outcome {
        Outcome::Dead(_) => Some(Instant::now()),
        Outcome::OverLimit { .. } | Outcome::Refused { .. } | Outcome::Cancelled => {
            Some(Instant::now() + PATIENCE)
        }
        _ => None,
    }
}

/// Passes on what a program prints, until its end or that of its reader.
///
/// # Errors
/// If it breaks off: why, and who noticed.
async fn print(
    printed: Option<(Receiver, mpsc::Sender<Bytes>)>,
    mut ended: oneshot::Receiver<Option<Instant>>,
    me: ContextId,
) -> Result<(), Dead> {
    let Some((mut receiver, to)) = printed else {
        return Ok(());
    };
    let incomplete = |why: &str| Dead {
        reason: DeadReason::Incomplete(why.to_owned()),
        at: me,
    };
    let (mut has_ended, mut until) = (false, None);
    loop {
        // What is there already comes first.
        let item = tokio::select! {
            biased;
            received = receiver.next() => received.item,
            still = &mut ended, if !has_ended => {
                has_ended = true;
                until = still.ok().flatten();
                continue;
            }
            () = reached(until) => return Err(incomplete("the program's output did not end in time")),
        };
        match item {
            Item::Bytes(bytes) => {
                if to.send(bytes).await.is_err() {
                    // A reader that is gone wants no more.
                    return Ok(());
                }
            }
            Item::End => return Ok(()),
            Item::Dead(dead) => return Err(dead),
            Item::Message(_) => return Err(incomplete("a message came among a program's output")),
        }
    }
}

async fn reached(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => pending().await,
    }
}
