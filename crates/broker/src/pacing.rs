//! How much of what this context asks of one that is not its neighbour may be on its way, and in which order it goes.
//!
//! A neighbour that does not read fills its link's queue, and whoever sends waits. Further down nobody here sees the
//! queue, and the hop before the slow context must not be filled on its behalf. So what is sent has a weight, and behind
//! some of it goes a question (PING) that is answered at once: the answer says that all before it was read over there,
//! whether or not anybody answers that, and gives its weight back.

use proto::ContextId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// What may be on its way to one context, in KiB.
const WEIGHT: u32 = 4 << 10;

/// After so much of it the context is asked whether it has come, so that the rest can go on meanwhile.
const ASK_AT: usize = WEIGHT as usize / 2;

/// From how many contexts on those are forgotten of which nothing is asked.
const REMEMBERED: usize = 1024;

#[derive(Debug)]
pub(crate) struct Pacing {
    contexts: BTreeMap<ContextId, Arc<Pace>>,
    prune_at: usize,
}

/// What is sent to one context.
#[derive(Debug)]
pub(crate) struct Pace {
    /// One message at a time waits until it may be sent, and the others behind it: none overtakes another.
    turn: Arc<tokio::sync::Mutex<()>>,
    weights: Arc<Semaphore>,
    /// The weight of what was sent since the context was last asked.
    unasked: Mutex<Option<OwnedSemaphorePermit>>,
}

/// The turn of a message, which may be sent now. To be held until it is.
#[derive(Debug)]
pub(crate) struct Turn {
    pace: Arc<Pace>,
    /// None if the context is gone, which the router says.
    weight: Option<OwnedSemaphorePermit>,
    _turn: OwnedMutexGuard<()>,
}

/// What was sent and may not have come. To be dropped once it is known that it has, or never will.
#[derive(Debug)]
pub(crate) struct Unread {
    _weight: OwnedSemaphorePermit,
    /// As long as something is on its way the context is not forgotten.
    _pace: Arc<Pace>,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            contexts: BTreeMap::new(),
            prune_at: REMEMBERED,
        }
    }
}

impl Pacing {
    /// Where a message to this context takes its turn, and who is to be asked now whether what was sent there has come.
    pub(crate) fn of(&mut self, context: ContextId) -> (Arc<Pace>, Vec<(ContextId, Unread)>) {
        let mut to_ask = Vec::new();
        if self.contexts.len() >= self.prune_at {
            // Whom nobody asks anything is not remembered: it may be one that never was. But what is on its way to it
            // must not be forgotten before it has come.
            self.contexts.retain(|context, pace| {
                let is_used = Arc::strong_count(pace) > 1;
                let unread = if is_used { None } else { pace.unread(0) };
                let stays = is_used || unread.is_some();
                to_ask.extend(unread.map(|unread| (*context, unread)));
                stays
            });
            self.prune_at = REMEMBERED.max(2 * self.contexts.len());
        }
        let pace = self.contexts.entry(context).or_default().clone();
        (pace, to_ask)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.contexts.len()
    }

    /// These contexts are gone. Whoever waits is let through, and learns it.
    pub(crate) fn gone(&mut self, is_gone: impl Fn(ContextId) -> bool) {
        self.contexts.retain(|context, pace| {
            let gone = is_gone(*context);
            if gone {
                pace.weights.close();
            }
            !gone
        });
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            turn: Arc::default(),
            weights: Arc::new(Semaphore::new(WEIGHT as usize)),
            unasked: Mutex::default(),
        }
    }
}

impl Pace {
    /// Waits until a message of so many bytes may be sent. If it has to wait for others to be read, `ask` must ask for these.
    pub(crate) async fn turn(self: Arc<Self>, bytes: usize, ask: impl FnOnce(Unread)) -> Turn {
        let turn = self.turn.clone().lock_owned().await;
        let kib = u32::try_from(bytes >> 10).unwrap_or(WEIGHT);
        let kib = kib.saturating_add(1).min(WEIGHT);
        let weights = self.weights.clone();
        let weight = match weights.clone().try_acquire_many_owned(kib) {
            Ok(weight) => Some(weight),
            Err(TryAcquireError::Closed) => None,
            Err(TryAcquireError::NoPermits) => {
                if let Some(unread) = self.unread(0) {
                    ask(unread);
                }
                weights.acquire_many_owned(kib).await.ok()
            }
        };
        Turn {
            pace: self,
            weight,
            _turn: turn,
        }
    }

    /// What nobody has asked for, if it weighs so much.
    fn unread(self: &Arc<Self>, at_least: usize) -> Option<Unread> {
        let mut unasked = self.unasked.lock().unwrap_or_else(PoisonError::into_inner);
        let weight = unasked.take_if(|weight| weight.num_permits() >= at_least)?;
        Some(Unread {
            _weight: weight,
            _pace: self.clone(),
        })
    }
}

impl Turn {
    /// The message was sent. Gives what is to be asked for now, if it is time for that.
    pub(crate) fn sent(self) -> Option<Unread> {
        let weight = self.weight?;
        {
            let unasked = &self.pace.unasked;
            let mut unasked = unasked.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *unasked {
                // Both are of this context's semaphore, as they must be.
                Some(before) => before.merge(weight),
                None => *unasked = Some(weight),
            }
        }
        self.pace.unread(ASK_AT)
    }
}
