//! ADD_ROUTE, DEL_ROUTE, ALLOCATE_ID: who is where in the tree, told from hop to hop.

use super::Dead;
use crate::ContextId;
use serde::{Deserialize, Serialize};

/// ADD_ROUTE: a context has come. Each hop tells its own parent, up to the master.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AddRoute {
    /// The context, whose id was given to the sender's side of the tree.
    pub context: ContextId,
    /// The context that started it: the sender, or one below it.
    pub parent: ContextId,
}

/// DEL_ROUTE: contexts are gone. It goes up to the master, and down to whoever sent something to one of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DelRoute {
    /// Which.
    pub contexts: Vec<ContextId>,
    /// Why, and who noticed: what those are told who await a reply from one of them.
    pub why: Dead,
}

/// The answer to ALLOCATE_ID: ids that the asking context may give to its children, and to nobody else.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IdBlock {
    /// The first of them.
    pub first: ContextId,
    /// How many follow each other. At least one.
    pub count: u32,
}
