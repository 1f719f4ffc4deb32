//! One execution for all who ask the same at the same time.

use bytes::Bytes;
use proto::message::ServiceOutcome;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// What is being executed, by its encoded arguments.
#[derive(Default)]
pub(super) struct Shared {
    under_way: Mutex<HashMap<Bytes, Arc<OnceCell<ServiceOutcome>>>>,
}

impl Shared {
    /// The outcome of the work that is under way for the same arguments, or of this work. If whoever works gives
    /// up, the next one that waits works instead.
    pub(super) async fn once(
        &self,
        arguments: &Bytes,
        work: impl Future<Output = ServiceOutcome>,
    ) -> ServiceOutcome {
        let cell = {
            let mut under_way = self.lock();
            under_way.entry(arguments.clone()).or_default().clone()
        };
        let waiting = Waiting {
            shared: self,
            arguments,
            cell: Some(cell),
        };
        match &waiting.cell {
            Some(cell) => cell.get_or_init(|| work).await.clone(),
            None => work.await,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Bytes, Arc<OnceCell<ServiceOutcome>>>> {
        // Nothing panics while it is held.
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that waits. The last one to leave, and whoever leaves with the outcome, clears the place for the next.
struct Waiting<'a> {
    shared: &'a Shared,
    arguments: &'a Bytes,
    /// None only while it is dropped.
    cell: Option<Arc<OnceCell<ServiceOutcome>>>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Those that wait are counted, and leave, under the lock.
        let mut under_way = self.shared.lock();
        let Some(cell) = self.cell.take() else {
            return;
        };
        let mine = under_way
            .get(self.arguments)
            .is_some_and(|other| Arc::ptr_eq(other, &cell));
        // Beside this one only the map has it.
        if mine && (cell.initialized() || Arc::strong_count(&cell) == 2) {
            under_way.remove(self.arguments);
        }
        drop(cell);
    }
}
