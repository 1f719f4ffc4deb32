//! INSPECT: the state of a context, for `zymogen tree` and for whoever looks for a fault.

use super::ModuleRef;
use crate::ContextId;
use serde::{Deserialize, Serialize};

/// The answer to INSPECT.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Inspection {
    /// Its process id, where it runs.
    pub pid: u32,
    /// Memory that it has resident, in bytes. None where the system does not say.
    pub resident: Option<u64>,
    /// Its neighbours.
    pub links: Vec<LinkState>,
    /// The contexts below it.
    pub routes: Vec<RouteState>,
    /// Replies that it awaits.
    pub requests: u32,
    /// Calls of functions under way.
    pub calls: u32,
    /// Calls of services, launches and the like under way.
    pub services: u32,
    /// Receivers and senders that are open.
    pub channels: u32,
    /// Modules that it has loaded.
    pub modules: Vec<ModuleRef>,
}

/// A link to a neighbour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkState {
    /// Who is at its other end.
    pub peer: ContextId,
    /// Bytes that wait to be written to it.
    pub queued: u64,
    /// Bytes of frames that came over it so far.
    pub received: u64,
    /// Bytes of frames that were written to it, or wait to be.
    pub sent: u64,
}

/// A context below.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RouteState {
    /// Which.
    pub context: ContextId,
    /// Who started it.
    pub parent: ContextId,
    /// The neighbour through which it is reached.
    pub via: ContextId,
}
