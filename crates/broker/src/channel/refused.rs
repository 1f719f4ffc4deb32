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

/// Contexts of which not all are remembered that were refused: as many as may be behind one link. Beyond that it may be
/// any of them.
const INCOMPLETE: usize = 1 << 16;

#[derive(Debug, Default)]
pub(super) struct Refused {
    known: BTreeSet<Key>,
    /// Contexts of which others were refused, too.
    incomplete: BTreeSet<ContextId>,
    /// There are more of these.
    overflowed: bool,
}

impl Refused {
    /// Is everybody of this context remembered who was refused? If not, nobody is let in who is not known.
    pub(super) fn is_complete(&self, context: ContextId) -> bool {
        !self.overflowed && !self.incomplete.contains(&context)
    }

    pub(super) fn contains(&self, key: Key) -> bool {
        self.known.contains(&key)
    }

    pub(super) fn add(&mut self, key: Key) {
        let context = key.0;
        if self.contains(key) || !self.is_complete(context) {
            return;
        }
        let of_one = self.known.range(all_of(context)).count();
        if self.known.len() < OF_ALL && of_one < OF_ONE {
            self.known.insert(key);
        } else if self.incomplete.len() < INCOMPLETE {
            self.incomplete.insert(context);
        } else {
            self.overflowed = true;
        }
    }

    /// A sender knows that it is refused, and sends nothing more. False if it is not one of those.
    pub(super) fn forgive(&mut self, key: Key) -> bool {
        let known = self.contains(key);
        // Where some were not remembered it stays so.
        if known && self.is_complete(key.0) {
            self.known.remove(&key);
        }
        known
    }

    /// These contexts are gone.
    pub(super) fn gone(&mut self, is_gone: impl Fn(ContextId) -> bool) {
        self.known.retain(|(context, _)| !is_gone(*context));
        self.incomplete.retain(|context| !is_gone(*context));
    }
}
