//! Who started whom, and from that who may send what to whom: the tables of `docs/PROTOCOL.md` as a program, which
//! knows the whole tree.

use proto::{ContextId, Handle};
use std::collections::{BTreeMap, BTreeSet};

/// Where a context is, seen from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Parent,
    FurtherAbove,
    Child,
    FurtherBelow,
    Elsewhere,
}

/// The tree, as everybody's parents. Whoever is gone is still in it: ids are never used twice.
#[derive(Default)]
pub struct Tree {
    parents: BTreeMap<ContextId, ContextId>,
    /// Those that do not keep to the protocol.
    pub hostile: BTreeSet<ContextId>,
    /// May contexts talk to others that are neither above nor below them?
    pub siblings: bool,
}

impl Tree {
    pub fn joined(&mut self, child: ContextId, parent: ContextId) {
        let before = self.parents.insert(child, parent);
        assert_eq!(before, None, "{child:?} was given twice");
        assert_ne!(child, ContextId::MASTER, "the master's id was given");
    }

    pub fn parent(&self, context: ContextId) -> Option<ContextId> {
        self.parents.get(&context).copied()
    }

    /// A context's parent, its parent's parent, and so on.
    pub fn above(&self, context: ContextId) -> impl Iterator<Item = ContextId> {
        std::iter::successors(self.parent(context), |it| self.parent(*it))
    }

    pub fn is_above(&self, high: ContextId, low: ContextId) -> bool {
        self.above(low).any(|it| it == high)
    }

    pub fn is_at_or_below(&self, low: ContextId, high: ContextId) -> bool {
        low == high || self.is_above(high, low)
    }

    /// Where `other` is, seen from `me`.
    pub fn place(&self, me: ContextId, other: ContextId) -> Place {
        if self.parent(me) == Some(other) {
            Place::Parent
        } else if self.is_above(other, me) {
            Place::FurtherAbove
        } else if self.parent(other) == Some(me) {
            Place::Child
        } else if self.is_above(me, other) {
            Place::FurtherBelow
        } else {
            Place::Elsewhere
        }
    }

    /// Does a hostile context decide what this one hears?
    pub fn is_tainted(&self, context: ContextId) -> bool {
        self.hostile.contains(&context) || self.above(context).any(|it| self.hostile.contains(&it))
    }

    /// Is nobody hostile from here to there, these two included?
    pub fn is_clean(&self, here: ContextId, there: ContextId) -> bool {
        !self.is_tainted(here) && !self.is_tainted(there)
    }

    /// May `origin` send to this handle of `me`? The table of the protocol's document.
    pub fn may(&self, me: ContextId, origin: ContextId, handle: Handle) -> bool {
        use Place::{Child, Elsewhere, FurtherAbove, FurtherBelow, Parent};
        let place = self.place(me, origin);
        if place == Elsewhere && !self.siblings {
            return false;
        }
        match handle {
            Handle::CALL_FUNCTION
            | Handle::LOAD_MODULE
            | Handle::LOAD_RESOURCE
            | Handle::FORWARD_MODULE
            | Handle::LAUNCH
            | Handle::END_CHAIN
            | Handle::INSPECT
            | Handle::SHUTDOWN => matches!(place, Parent | FurtherAbove),
            Handle::GET_MODULE | Handle::GET_RESOURCE | Handle::ADD_ROUTE | Handle::ALLOCATE_ID => {
                place == Child
            }
            Handle::DEL_ROUTE => matches!(place, Parent | Child),
            Handle::DETACHING => matches!(place, Parent | FurtherAbove | Child),
            Handle::FORWARD_LOG => matches!(place, Child | FurtherBelow),
            _ => true,
        }
    }

    /// Does the protocol promise an answer to this request, whatever happens on the way?
    pub fn must_answer(&self, me: ContextId, to: ContextId, handle: Handle) -> bool {
        let known = to == ContextId::MASTER || self.parents.contains_key(&to);
        let answered = is_call(handle) || handle == Handle::PING || !well_known(handle);
        !known || to == me || !self.may(to, me, handle) || answered
    }
}

/// Is it executed, and answered?
pub fn is_call(handle: Handle) -> bool {
    matches!(
        handle,
        Handle::CALL_FUNCTION | Handle::CALL_SERVICE | Handle::LAUNCH | Handle::INSPECT
    )
}

/// Somebody takes messages there, once the link is up.
pub fn well_known(handle: Handle) -> bool {
    matches!(handle.0, 100..=110 | 112 | 113 | 121..=127)
}
