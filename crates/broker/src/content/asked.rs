//! How much of what a child asks for may be under way at once. A child is not trusted to ask with measure.

use super::Key;
use proto::Digest;
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests under way. Our slave itself has fewer calls that could want anything; those below it ask through it.
pub(super) const MAX_ASKED: usize = 1024;

/// Things that are packed and sent at once, of each kind. The others wait: all go through the same stream.
const SENT_AT_ONCE: usize = 2;

/// Refusals that a child is known to remember.
const REFUSED: usize = 1024;

/// Of what a child was told that it belongs together. Beyond that it is told no more: it is a hint.
const RELATED: usize = 8192;

/// What one child has asked for.
#[derive(Debug)]
pub(super) struct Asked {
    under_way: Arc<Semaphore>,
    modules: Semaphore,
    resources: Semaphore,
    /// What it was told that there is not, the oldest first.
    refused: Mutex<VecDeque<Key>>,
    /// What it was told to ask for, too, each with the module to which it belongs.
    related: Mutex<BTreeSet<(Digest, Key)>>,
    /// What the child is told of refusals and their end comes in the order in which it is noted.
    order: Mutex<()>,
    dropped: AtomicU64,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            under_way: Arc::new(Semaphore::new(MAX_ASKED)),
            modules: Semaphore::new(SENT_AT_ONCE),
            resources: Semaphore::new(SENT_AT_ONCE),
            refused: Mutex::default(),
            related: Mutex::default(),
            order: Mutex::default(),
            dropped: AtomicU64::new(0),
        }
    }
}

impl Asked {
    /// Place for one more request, which holds it to its end. None if there are too many.
    pub(super) fn begin(&self) -> Option<OwnedSemaphorePermit> {
        self.under_way.clone().try_acquire_owned().ok()
    }

    /// Does `work` when it is its turn, or not at all if the child leaves before. Modules do not wait behind files,
    /// which may be large.
    pub(super) async fn in_turn(&self, key: &Key, work: impl Future<Output = ()>) {
        let turns = if key.compatibility.is_some() {
            &self.modules
        } else {
            &self.resources
        };
        if let Ok(_turn) = turns.acquire().await {
            work.await;
        }
    }

    /// The child is told that there is no such content. Gives what it must be told to forget instead.
    pub(super) fn refuse(&self, key: Key) -> Option<Key> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.contains(&key) {
            return None;
        }
        refused.push_back(key);
        (refused.len() > REFUSED)
            .then(|| refused.pop_front())
            .flatten()
    }

    /// To be held from when a refusal, or its end, is noted until the child is told.
    pub(super) fn order(&self) -> MutexGuard<'_, ()> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is such content now. Gives what the child was told that there is not.
    pub(super) fn no_longer_refused(&self, digest: Digest) -> Option<Key> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let known = refused.iter().find(|key| key.digest == digest).cloned();
        refused.retain(|key| key.digest != digest);
        known
    }

    /// Is the child to be told that this belongs to a module that it has asked for? Once is enough: where it cannot use
    /// either of two, and keeps neither, each would make it ask for the other, without end.
    pub(super) fn tells(&self, module: Digest, other: Key) -> bool {
        let mut related = self.related.lock().unwrap_or_else(PoisonError::into_inner);
        related.len() < RELATED && related.insert((module, other))
    }

    /// A message was dropped. Is it worth telling? The first few are, then fewer and fewer.
    pub(super) fn worth_telling(&self) -> bool {
        let count = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
        count <= 4 || count.is_power_of_two()
    }

    /// The child is gone: what waits is for nobody.
    pub(super) fn close(&self) {
        self.modules.close();
        self.resources.close();
    }
}
