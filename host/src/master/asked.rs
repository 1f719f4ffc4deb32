//! How much of what a context asks for may be under way at once. A slave is not trusted to ask with measure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests under way: twice what the calls of a slave can want at once.
pub(super) const MAX_ASKED: usize = 512;

/// Things that are packed and sent at once, of each kind. The others wait: all go through the same stream.
const SENT_AT_ONCE: usize = 2;

/// What one context has asked for.
#[derive(Debug)]
pub(super) struct Asked {
    under_way: Arc<Semaphore>,
    modules: Semaphore,
    sources: Semaphore,
    dropped: AtomicU64,
}

/// Modules do not wait behind files, which may be large.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    Module,
    Source,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            under_way: Arc::new(Semaphore::new(MAX_ASKED)),
            modules: Semaphore::new(SENT_AT_ONCE),
            sources: Semaphore::new(SENT_AT_ONCE),
            dropped: AtomicU64::new(0),
        }
    }
}

impl Asked {
    /// Place for one more request, which holds it to its end. None if there are too many.
    pub(super) fn begin(&self) -> Option<OwnedSemaphorePermit> {
        self.under_way.clone().try_acquire_owned().ok()
    }

    /// Does `work` when it is its turn, or not at all if the context leaves before.
    pub(super) async fn in_turn(&self, wanted: Wanted, work: impl Future<Output = ()>) {
        let turns = match wanted {
            Wanted::Module => &self.modules,
            Wanted::Source => &self.sources,
        };
        if let Ok(_turn) = turns.acquire().await {
            work.await;
        }
    }

    /// A message was dropped. Is it worth telling? The first few are, then fewer and fewer.
    pub(super) fn worth_telling(&self) -> bool {
        let count = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
        count <= 4 || count.is_power_of_two()
    }

    /// The context is gone: what waits is for nobody.
    pub(super) fn close(&self) {
        self.modules.close();
        self.sources.close();
    }
}
