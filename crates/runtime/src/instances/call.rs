//! The way of a call into an instance.

use super::{DROP_RESOURCE, END, Job, NOTHING, Work};
use crate::executor::Executor;
use crate::modules::refused;
use crate::streams::Peer;
use bytes::Bytes;
use proto::message::{Call, LimitKind, Outcome, RefusedKind};
use sandbox::{Program, ended};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant;

impl Executor {
    /// Runs one call in an instance that is kept.
    pub(crate) async fn in_instance(
        self: &Arc<Self>,
        number: u64,
        call: Call,
        arguments: Bytes,
        peer: Arc<dyn Peer>,
        deadline: Instant,
    ) -> Outcome {
        let key = (peer.context(), number);
        if call.export.function == END {
            self.instances.end(key);
            return Outcome::Returned(Bytes::from_static(NOTHING));
        }
        let bad = |why: String| refused(RefusedKind::BadArguments, why);
        if !call.args.is_empty() || call.stdin.is_some() || call.stdout.is_some() {
            return bad("an instance that is kept has no command line".to_owned());
        }
        let work = async {
            let module = self.modules.get(&call.module).await?;
            let work = if call.export.function == DROP_RESOURCE {
                let number = super::number(&arguments);
                let number =
                    number.ok_or_else(|| bad("expected the number of a resource".to_owned()))?;
                Work::Drop(number)
            } else {
                Work::Call {
                    function: module.function(&call.export)?,
                    arguments,
                    peer,
                    deadline,
                    wall_ms: call.limits.wall_ms,
                }
            };
            Ok((module, work))
        };
        let (module, work) = match work.await {
            Ok(found) => found,
            Err(outcome) => return outcome,
        };
        let limits = call.limits;
        let mut entrance = match self.instances.enter(key, &call) {
            Ok(entrance) => entrance,
            Err(why) => return bad(why),
        };
        if let Some(inside) = entrance.new.take() {
            match self.guest(call, Program::default()).await {
                Ok(guest) => drop(tokio::spawn(self.clone().keep(module, guest, inside))),
                Err(error) => return ended(&error, limits),
            }
        }
        let (outcome, answer) = oneshot::channel();
        // Where it has ended already the answer says so.
        let _ = entrance.jobs.send(Job { work, outcome }).await;
        answer.await.unwrap_or_else(|_| {
            if Instant::now() >= deadline {
                // The instance has noticed it a moment before whoever waits here.
                return Outcome::OverLimit {
                    limit: LimitKind::WallTime,
                    allowed: limits.wall_ms,
                };
            }
            Outcome::Trapped(format!("the instance is gone: {}", entrance.ended()))
        })
    }
}
