//! The senders that a receiver has refused, and that may not know it yet: what they still send lacks what was refused, so
//! none of it may be let in when there is place again.

use super::inbox::{Key, all_of};
use proto::ContextId;
use std::collections::BTreeSet;

/// Senders of one context that are remembered. Honest ones soon say their last word; where so many do not, no more
/// senders of that context are let in.
const OF_ONE: usize = 256;

/// The same of all contexts together.
const OF_ALL: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Refused(BTreeSet<Key>);

impl Refused {
    /// Is everybody of this context remembered who was refused? If not, nobody is let in who is not known.
    pub(super) fn is_complete(&self, context: ContextId) -> bool {
        self.0.len() < OF_ALL && self.0.range(all_of(context)).count() < OF_ONE
    }

    pub(super) fn contains(&self, key: Key) -> bool {
        self.0.contains(&key)
    }

    pub(super) fn add(&mut self, key: Key) {
        if self.is_complete(key.0) {
            self.0.insert(key);
        }
    }

    /// A sender knows that it is refused, and sends nothing more. False if it is not one of those.
    pub(super) fn forgive(&mut self, key: Key) -> bool {
        let known = self.contains(key);
        // Where some were not remembered it stays so.
        if known && self.is_complete(key.0) {
            self.0.remove(&key);
        }
        known
    }

    /// These contexts are gone.
    pub(super) fn gone(&mut self, is_gone: impl Fn(ContextId) -> bool) {
        if self.0.len() < OF_ALL {
            self.0.retain(|(context, _)| !is_gone(*context));
        }
    }
}
