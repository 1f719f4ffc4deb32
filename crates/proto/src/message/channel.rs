//! CREDIT: how much a sender may send to a receiver that it knows.

use crate::{ContextId, Handle};
use serde::{Deserialize, Serialize};

/// What each sender may send before its receiver has said anything, in bytes as [`crate::flow`] counts them.
pub const INITIAL_CREDIT: u64 = 256 << 10;

/// CREDIT: the receiver has room for more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Credit {
    /// Whose: what the sender's frames have in `reply_to`.
    pub sender: Handle,
    /// How many bytes more, as [`crate::flow`] counts them.
    pub bytes: u64,
}

/// Where a receiver is. Whoever knows it can send there, if the receiver takes messages from it. Plain data, to be
/// given to other contexts in messages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Address {
    /// The context that receives.
    pub context: ContextId,
    /// Where in it.
    pub handle: Handle,
}
