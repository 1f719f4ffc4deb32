//! What a context has got and may be asked for again: in memory, up to a bound, what was used last.

use super::{Key, Packed};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps content, still packed.
#[derive(Debug)]
pub struct Store {
    bound: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: BTreeMap<Key, (Arc<Packed>, u64)>,
    bytes: usize,
    clock: u64,
}

impl Store {
    /// A store of so many bytes.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        Self {
            bound: AtomicUsize::new(bound),
            state: Mutex::default(),
        }
    }

    /// From now on it may have so many bytes.
    pub fn set_bound(&self, bound: usize) {
        self.bound.store(bound, Ordering::Relaxed);
    }

    /// What is here.
    pub fn get(&self, key: &Key) -> Option<Arc<Packed>> {
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        let (packed, used) = state.kept.get_mut(key)?;
        *used = now;
        Some(packed.clone())
    }

    /// Keeps content, unless it would fill more than half of the store alone.
    pub fn put(&self, key: Key, packed: &Arc<Packed>) {
        let bound = self.bound.load(Ordering::Relaxed);
        if packed.zstd.len() > bound / 2 {
            return;
        }
        let mut state = self.lock();
        state.clock += 1;
        let now = state.clock;
        state.bytes += packed.zstd.len();
        if let Some((old, _)) = state.kept.insert(key, (packed.clone(), now)) {
            state.bytes -= old.zstd.len();
        }
        while state.bytes > bound {
            let oldest = state.kept.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            if let Some((old, _)) = state.kept.remove(&oldest) {
                state.bytes -= old.zstd.len();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
