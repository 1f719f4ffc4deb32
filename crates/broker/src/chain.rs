//! Chains of calls: one after the other, and none behind one that has not returned.
//!
//! A chain is a line of promises: each call waits for the word of the one before it, and gives its own to the next.

use proto::ContextId;
use proto::message::Outcome;
use std::collections::HashMap;
use tokio::sync::oneshot;

/// Chains that are remembered at once.
const CHAINS: usize = 4096;

/// What a call says to the next one: nothing, or the outcome that ends the chain.
type Word = Option<Outcome>;

/// The chains of all callers: for each the word that the next call waits for.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    last: HashMap<(ContextId, u64), oneshot::Receiver<Word>>,
}

/// The place of a call in its chain.
#[derive(Debug)]
pub(crate) struct Place {
    before: Option<oneshot::Receiver<Word>>,
    after: oneshot::Sender<Word>,
}

impl Chains {
    /// The next place in a chain. None if there are too many chains.
    pub(crate) fn join(&mut self, caller: ContextId, chain: u64) -> Option<Place> {
        let key = (caller, chain);
        if self.last.len() >= CHAINS && !self.last.contains_key(&key) {
            return None;
        }
        let (after, word) = oneshot::channel();
        let before = self.last.insert(key, word);
        Some(Place { before, after })
    }

    /// The chain begins anew, if it goes on at all.
    pub(crate) fn end(&mut self, caller: ContextId, chain: u64) {
        self.last.remove(&(caller, chain));
    }

    /// These callers are gone.
    pub(crate) fn gone(&mut self, is_gone: impl Fn(ContextId) -> bool) {
        self.last.retain(|(caller, _), _| !is_gone(*caller));
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.last.len()
    }
}

impl Place {
    /// Waits until it is this call's turn and does the work, unless a call before it has ended the chain.
    pub(crate) async fn in_turn(self, work: impl Future<Output = Outcome>) -> Outcome {
        let before = match self.before {
            // A call that was cancelled says nothing.
            Some(before) => before.await.unwrap_or(Some(Outcome::Cancelled)),
            None => None,
        };
        let outcome = match before {
            Some(ended) => ended,
            None => work.await,
        };
        let returned = matches!(outcome, Outcome::Returned(_));
        // Perhaps nobody comes after it.
        let _ = self.after.send((!returned).then(|| outcome.clone()));
        outcome
    }
}
