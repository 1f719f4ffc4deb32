//! Chains of calls: one after the other, and none behind one that has not returned.
//!
//! A chain is a line of promises: each call waits for the word of the one before it, and gives its own to the next.

use proto::ContextId;
use proto::message::Outcome;
use std::collections::{BTreeSet, HashMap};
use tokio::sync::oneshot;

/// Chains that are remembered at once, and as many again of which no call was taken.
const CHAINS: usize = 4096;

/// What a call says to the next one: nothing, or the outcome that ends the chain.
type Word = Option<Outcome>;

/// The chains of all callers: for each what the next call is behind.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    last: HashMap<(ContextId, u64), Before>,
    /// Callers of whose chains one is not remembered although a call of it was not taken: it may be any.
    overflowed: BTreeSet<ContextId>,
}

/// What a call is behind.
#[derive(Debug, Default)]
struct Before {
    /// The word of the last call that was taken.
    word: Option<oneshot::Receiver<Word>>,
    /// What became of the first that was not, since then.
    declined: Option<Outcome>,
}

/// The place of a call in its chain.
#[derive(Debug)]
pub(crate) struct Place {
    before: Before,
    after: oneshot::Sender<Word>,
}

impl Chains {
    /// The next place in a chain. None if there are too many chains, or there were: then the call fails.
    pub(crate) fn join(&mut self, caller: ContextId, chain: u64) -> Option<Place> {
        let is_full = self.last.len() >= CHAINS || self.overflowed.contains(&caller);
        let last = self.remembered(caller, chain, !is_full)?;
        let (after, word) = oneshot::channel();
        let behind = Before {
            word: Some(word),
            declined: None,
        };
        let before = std::mem::replace(last, behind);
        Some(Place { before, after })
    }

    /// A call of a chain was not taken: it ends the chain behind those that were.
    pub(crate) fn fail(&mut self, caller: ContextId, chain: u64, outcome: Outcome) {
        let has_room = self.last.len() < 2 * CHAINS;
        match self.remembered(caller, chain, has_room) {
            Some(last) => {
                last.declined.get_or_insert(outcome);
            }
            None => {
                self.overflowed.insert(caller);
            }
        }
    }

    /// What the next call of a chain is behind. None if nobody remembers, and nobody shall.
    fn remembered(&mut self, caller: ContextId, chain: u64, new: bool) -> Option<&mut Before> {
        let key = (caller, chain);
        if new {
            return Some(self.last.entry(key).or_default());
        }
        self.last.get_mut(&key)
    }

    /// The chain begins anew, if it goes on at all.
    pub(crate) fn end(&mut self, caller: ContextId, chain: u64) {
        self.last.remove(&(caller, chain));
    }

    /// These callers are gone.
    pub(crate) fn gone(&mut self, is_gone: impl Fn(ContextId) -> bool) {
        self.last.retain(|(caller, _), _| !is_gone(*caller));
        self.overflowed.retain(|caller| !is_gone(*caller));
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.last.len()
    }
}

impl Place {
    /// Waits until it is this call's turn and does the work, unless a call before it has ended the chain.
    pub(crate) async fn in_turn(self, work: impl Future<Output = Outcome>) -> Outcome {
        let Before { word, declined } = self.before;
        let ended = match word {
            // A call that was cancelled says nothing.
            Some(word) => word.await.unwrap_or(Some(Outcome::Cancelled)),
            None => None,
        };
        let outcome = match ended.or(declined) {
            Some(ended) => ended,
            None => work.await,
        };
        let returned = matches!(outcome, Outcome::Returned(_));
        // Perhaps nobody comes after it.
        let _ = self.after.send((!returned).then(|| outcome.clone()));
        outcome
    }
}
