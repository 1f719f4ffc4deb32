//! The deadlines of the calls in one instance.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Knows when the first of the calls under way has to be over. Clones are the same clock.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<Inner>);

#[derive(Default)]
struct Inner {
    running: Mutex<Running>,
    changed: Notify,
}

#[derive(Default)]
struct Running {
    deadlines: BTreeMap<u64, (Instant, u64)>,
    last: u64,
}

/// A call under way, until it is dropped.
pub(crate) struct Timed {
    clock: Clock,
    number: u64,
}

impl Clock {
    /// A call begins that has to be over by then. `allowed` is what its caller gave it, in milliseconds.
    pub(crate) fn begin(&self, deadline: Instant, allowed: u64) -> Timed {
        let number = {
            let mut running = self.lock();
            running.last += 1;
            let number = running.last;
            running.deadlines.insert(number, (deadline, allowed));
            number
        };
        self.0.changed.notify_one();
        Timed {
            clock: self.clone(),
            number,
        }
    }

    /// Resolves when one of them is not over in time, with what it was allowed.
    pub(crate) async fn expired(&self) -> u64 {
        loop {
            let first = self.lock().deadlines.values().min().copied();
            let changed = self.0.changed.notified();
            match first {
                None => changed.await,
                Some((deadline, allowed)) => tokio::select! {
                    () = sleep_until(deadline) => return allowed,
                    () = changed => {}
                },
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        // Nothing panics while it is held.
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        self.clock.lock().deadlines.remove(&self.number);
        self.clock.0.changed.notify_one();
    }
}
