//! Programs: calls with a command line and standard streams.

use super::Context;
use super::call::{CallOptions, CallResult, Place, decoded, prepared};
use super::guests::Held;
use super::streams::{Feed, Feeding, Found};
use crate::module::{Function, Module};
use broker::{Item, Receiver, WINDOW};
use bytes::Bytes;
use proto::router::Accept;
use runtime::value::ValueError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How long what a program has printed may take to come, piece by piece, once its outcome is there: a context that is gone, or was never
/// asked, sends no end.
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
    /// If the function has parameters.
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
            let _ = tell.send(());
            outcome
        };
        let (outcome, ()) = tokio::join!(calling, print(printed, ended));
        let mut none = Found(Vec::new());
        Ok(decoded(function, outcome, self.id, call.limits, &mut none))
    }
}

/// Passes on what a program prints, until its end or that of its reader.
async fn print(printed: Option<(Receiver, mpsc::Sender<Bytes>)>, mut ended: oneshot::Receiver<()>) {
    let Some((mut receiver, to)) = printed else {
        return;
    };
    let mut patience = None;
    loop {
        let received = async {
            match patience {
                None => Some(receiver.next().await),
                Some(patience) => timeout(patience, receiver.next()).await.ok(),
            }
        };
        let received = tokio::select! {
            biased;
            received = received => received,
            _ = &mut ended, if patience.is_none() => {
                patience = Some(PATIENCE);
                continue;
            }
        };
        let Some(Item::Bytes(bytes)) = received.map(|received| received.item) else {
            return;
        };
        if to.send(bytes).await.is_err() {
            return;
        }
    }
}
