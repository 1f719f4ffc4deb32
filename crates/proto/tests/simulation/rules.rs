//! Who may send what to whom, and who must be answered: `docs/PROTOCOL.md` as a program, which knows the
//! whole tree.

use proto::{ContextId, Handle};
use std::collections::BTreeMap;

/// Where a context is, seen from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Above,
    Child,
    FurtherBelow,
    Elsewhere,
}

/// The tree, as everybody's parents.
#[derive(Default)]
pub struct Rules {
    parents: BTreeMap<ContextId, ContextId>,
}

impl Rules {
    pub fn joined(&mut self, child: ContextId, parent: ContextId) {
        self.parents.insert(child, parent);
    }

    /// The neighbour over which `me` sends to `to`.
    pub fn towards(&self, me: ContextId, to: ContextId) -> ContextId {
        match self.place(me, to) {
            Place::Child => to,
            _ => self.parents[&me],
        }
    }

    /// Does the protocol promise an answer to this request, as long as the links hold?
    pub fn must_answer(&self, me: ContextId, to: ContextId, handle: Handle) -> bool {
        let parent = |context| self.parents.get(&context).copied();
        // The master knows no way back to what is more than one level below it.
        let through_master = to == me || parent(me).is_none_or(|up| up == ContextId::MASTER);
        match self.place(me, to) {
            Place::Above if parent(me) == Some(to) => self.neighbour_answers(me, to, handle),
            Place::Child => self.neighbour_answers(me, to, handle),
            _ => through_master,
        }
    }

    fn neighbour_answers(&self, me: ContextId, to: ContextId, handle: Handle) -> bool {
        !self.may(to, me, handle)
            || handle == Handle::CALL_FUNCTION
            || !(well_known(handle) || handle.is_dynamic())
    }

    /// May `origin` send to this handle of `me`? The table of the protocol's document.
    pub fn may(&self, me: ContextId, origin: ContextId, handle: Handle) -> bool {
        match (handle, self.place(me, origin)) {
            (_, Place::Elsewhere) => false,
            (
                Handle::CALL_FUNCTION
                | Handle::LOAD_MODULE
                | Handle::LOAD_RESOURCE
                | Handle::SHUTDOWN,
                place,
            ) => place == Place::Above,
            (Handle::GET_MODULE | Handle::GET_RESOURCE, place) => place == Place::Child,
            // A tree of more than two levels has no routes to its further leaves yet.
            (Handle::FORWARD_LOG, place) => place == Place::Child,
            _ => true,
        }
    }

    /// Where `other` is, seen from `me`.
    pub fn place(&self, me: ContextId, other: ContextId) -> Place {
        let parent = |context| self.parents.get(&context).copied();
        let is_above = |high, low| {
            let mut up = std::iter::successors(parent(low), |context| parent(*context));
            up.any(|context| context == high)
        };
        if is_above(other, me) {
            Place::Above
        } else if parent(other) == Some(me) {
            Place::Child
        } else if is_above(me, other) {
            Place::FurtherBelow
        } else {
            Place::Elsewhere
        }
    }
}

/// Somebody takes messages there, once the link is up.
pub fn well_known(handle: Handle) -> bool {
    matches!(handle.0, 100..=102 | 106 | 107 | 112 | 113 | 121..=123)
}
