//! Stands in for `connect`'s `Tail`, which keeps the last lines only: all that is no greeting, in its order.

use std::sync::{Arc, Mutex, PoisonError};

/// Clones are the same.
#[derive(Clone, Default, Debug)]
pub(crate) struct Tail(Arc<Mutex<Vec<String>>>);

impl Tail {
    pub(crate) fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.to_owned());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
