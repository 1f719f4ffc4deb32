//! The time that an attempt has: what it waits for the target counts, what it waits for others does not.

use crate::Cause;
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// What is left of the time for an attempt.
#[derive(Debug)]
pub(crate) struct Clock {
    whole: Duration,
    left: Duration,
}

impl Clock {
    pub(crate) fn new(whole: Duration) -> Self {
        Self { whole, left: whole }
    }

    /// Does something that counts, and says how long it took.
    pub(crate) async fn run<T>(
        &mut self,
        work: impl Future<Output = Result<T, Cause>>,
    ) -> Result<(T, Duration), Cause> {
        let begun = Instant::now();
        let done = timeout(self.left, work).await;
        let took = begun.elapsed();
        self.left = self.left.saturating_sub(took);
        match done {
            Ok(done) => Ok((done?, took)),
            Err(_) => Err(Cause::Timeout(self.whole)),
        }
    }
}
