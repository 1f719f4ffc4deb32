//! How long it takes to get to a context, phase by phase.

use super::Master;
use crate::connect::ContextSpec;
use connect::{Cause, ConnectError, Phase, Times};
use std::time::{Duration, Instant};

/// Questions that a round trip is the quickest of.
const QUESTIONS: usize = 3;

/// A context that was reached, and has ended since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reached {
    /// The last hop's phases.
    pub times: Times,
    /// The bytes of the image that were sent. None: its machine had it.
    pub sent: Option<u64>,
    /// The target that it runs machine code for.
    pub target: String,
    /// All hops, from the beginning to the slave's HELLO. Hops that another context had made already cost nothing.
    pub total: Duration,
    /// One question and its answer.
    pub round_trip: Duration,
}

impl Master {
    /// Starts a context, asks it something, and ends it.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), or if it does not answer.
    pub async fn reach(&self, spec: &ContextSpec) -> Result<Reached, ConnectError> {
        let begun = Instant::now();
        let context = self.connect(spec).await?;
        let total = begun.elapsed();
        let mut round_trip = Duration::MAX;
        for _ in 0..QUESTIONS {
            let asked = Instant::now();
            context.inspect().await.map_err(|dead| ConnectError {
                hop: spec.name(),
                phase: Phase::Hello,
                cause: Box::new(Cause::Way(dead)),
                said: Vec::new(),
                hint: None,
            })?;
            round_trip = round_trip.min(asked.elapsed());
        }
        let reached = Reached {
            times: context.times,
            sent: context.sent,
            target: context.hello().target.clone(),
            total,
            round_trip,
        };
        context.shutdown().await;
        Ok(reached)
    }
}
