//! How much of what this context asks of one that is not its neighbour may be on its way.
//!
//! A neighbour that does not read fills its link's queue, and whoever sends waits. Further down nobody here sees the
//! queue, and the hop before the slow context must not be filled on its behalf: so requests wait until enough of those
//! before them have been answered.

use proto::ContextId;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What requests to one context may weigh before their answers are here, in KiB.
const WEIGHT: u32 = 4 << 10;

/// From how many contexts on those are forgotten of which nothing is asked.
const REMEMBERED: usize = 1024;

#[derive(Debug)]
pub(crate) struct Pacing {
    contexts: HashMap<ContextId, Arc<Semaphore>>,
    prune_at: usize,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            contexts: HashMap::new(),
            prune_at: REMEMBERED,
        }
    }
}

impl Pacing {
    /// What a request to this context has to acquire.
    pub(crate) fn of(&mut self, context: ContextId) -> Arc<Semaphore> {
        if self.contexts.len() >= self.prune_at {
            // Whom nobody asks anything is not remembered: it may be one that never was.
            self.contexts.retain(|_, it| Arc::strong_count(it) > 1);
            self.prune_at = REMEMBERED.max(2 * self.contexts.len());
        }
        let new = || Arc::new(Semaphore::new(WEIGHT as usize));
        self.contexts.entry(context).or_insert_with(new).clone()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.contexts.len()
    }

    /// These contexts are gone. Whoever waits is let through, and learns it.
    pub(crate) fn gone(&mut self, is_gone: impl Fn(ContextId) -> bool) {
        self.contexts.retain(|context, allowed| {
            let gone = is_gone(*context);
            if gone {
                allowed.close();
            }
            !gone
        });
    }
}

/// Waits until a request of so many bytes may be sent. It holds its weight until it is answered.
pub(crate) async fn wait(allowed: Arc<Semaphore>, bytes: usize) -> Option<OwnedSemaphorePermit> {
    let kib = u32::try_from(bytes >> 10).unwrap_or(WEIGHT);
    // Closed: the context is gone, which the router says.
    allowed
        .acquire_many_owned(kib.saturating_add(1).min(WEIGHT))
        .await
        .ok()
}
