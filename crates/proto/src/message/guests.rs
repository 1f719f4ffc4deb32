//! What guests ask of the master: arguments and values of the methods of its service [`GUESTS`].
//!
//! A context asks on behalf of a guest, and names the ticket that came with that guest's [`Call`](super::Call). What the
//! ticket stands for the master knows: who was called, under which policy, until when.

use super::Outcome;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The name of the service, which only masters have.
pub const GUESTS: &str = "guests";

/// The argument of `import`: a function of an imported interface that is bound to a module elsewhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallImport {
    /// The guest's call.
    pub ticket: u64,
    /// The interface, as the guest's module imports it.
    pub interface: String,
    /// The function in it.
    pub function: String,
    /// The encoded array of its arguments.
    pub arguments: Bytes,
}

/// The value of `import`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ImportOutcome {
    /// What became of the call.
    pub outcome: Outcome,
    /// The encoded array of results that belongs to it, or nothing.
    pub value: Bytes,
}

/// The argument of `call`: a function of a module elsewhere, by name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallElsewhere {
    /// The guest's call.
    pub ticket: u64,
    /// Where and which module: the text of a [`Callee`](crate::policy::Callee).
    pub callee: String,
    /// The function, as people write it.
    pub function: String,
    /// A JSON array of its arguments.
    pub arguments: String,
}

/// The argument of `service`: a method of the program that the master is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallMethod {
    /// The guest's call.
    pub ticket: u64,
    /// The service.
    pub service: String,
    /// The method.
    pub method: String,
    /// Its argument, as JSON.
    pub argument: String,
}

/// The argument of `send`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SendMessage {
    /// The guest's call.
    pub ticket: u64,
    /// The channel.
    pub channel: String,
    /// What to send.
    pub message: Bytes,
}

/// The argument of `receive`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReceiveMessage {
    /// The guest's call.
    pub ticket: u64,
    /// The channel.
    pub channel: String,
    /// Wait so many milliseconds for a message; null: as long as the call may take.
    pub wait_ms: Option<u64>,
}

/// Why a guest does not get what it asked for. `call` and `service` have JSON as their value, `send` null and `receive` bytes or null;
/// each is the `Ok` of a `Result` with this as its `Err`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It may not.
    Denied(String),
    /// There is no such thing, or the arguments are not what it takes. Nothing was done.
    Invalid(String),
    /// The function returned this error, as JSON; or the method says why not.
    Failed(String),
    /// It did not come to its end. It is not known how far it came.
    Broken(String),
}

/// The longest message of a channel, in bytes. With its head it is shorter than what a service takes of a context below.
pub const MAX_MESSAGE: usize = 768 << 10;
