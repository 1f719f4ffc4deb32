//! CALL_FUNCTION and its one fate.

use super::{Dead, ModuleRef};
use crate::{CallLimits, Handle, Policy};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A function that a component exports.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Export {
    /// The exported interface that it belongs to, as `ns:pkg/iface@1.0.0`; none for the world itself.
    pub interface: Option<String>,
    /// Its name there.
    pub function: String,
}

impl fmt::Display for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.interface {
            Some(interface) => write!(f, "{interface}#{}", self.function),
            None => f.write_str(&self.function),
        }
    }
}

/// The head of a CALL_FUNCTION. The arguments follow it as one CBOR array.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Call {
    /// The component.
    pub module: ModuleRef,
    /// What to call in it.
    pub export: Export,
    /// What it may touch.
    pub policy: Policy,
    /// What it may use up.
    pub limits: CallLimits,
    /// The chain that it belongs to, a number that its caller chose. The calls of a chain are executed one after
    /// the other; once one has not returned, those behind it get its outcome and are not executed.
    pub chain: Option<u64>,
    /// The instance that it is called in, a number that its caller chose: made by the first call with that number, and kept. None:
    /// one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<u64>,
    /// The number under which its guest may ask the master for more: see [`super::GUESTS`]. None: it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<u64>,
    /// What WASI tells it of its command line, behind its name, which is the module's and `.wasm`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Its standard input: the number of a stream of bytes that its caller writes. None: it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<u64>,
    /// Its standard output: the handle of a receiver of its caller's, which takes the bytes. None: its lines are log records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<Handle>,
}

/// END_CHAIN: the caller will send no more calls of this chain, or begins it anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EndChain {
    /// The number of the chain.
    pub chain: u64,
}

/// What became of a call: exactly one of these, never silence.
///
/// On the wire the head says which; behind [`Returned`](Self::Returned) and [`Failed`](Self::Failed)
/// follows one CBOR array of the function's results, of which there is one or none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It returned: the encoded array of its results.
    Returned(#[serde(skip)] Bytes),
    /// It returned the error of its `result` type, encoded likewise, `err` and all.
    Failed(#[serde(skip)] Bytes),
    /// The guest broke a rule of its machine: what, and where in the guest.
    Trapped(String),
    /// The guest ended itself with this status, as with `exit`.
    Exited(i32),
    /// The call needed what its policy does not grant.
    Denied(String),
    /// The call used up more than it may.
    OverLimit {
        /// What it ran out of.
        limit: LimitKind,
        /// How much there was, in the unit of the limit.
        allowed: u64,
    },
    /// It never started: the caller asked for what cannot be.
    Refused {
        /// What was wrong with the request.
        kind: RefusedKind,
        /// The same for a person.
        message: String,
    },
    /// The caller, or somebody with its authority, gave it up.
    Cancelled,
    /// It is not known how far it came: the context or the way to it is gone.
    Dead(Dead),
}

/// What a call may run out of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitKind {
    /// [`CallLimits::wall_ms`].
    WallTime,
    /// [`CallLimits::memory_bytes`].
    Memory,
    /// [`CallLimits::output_bytes`].
    Output,
    /// The guest's call stack, in bytes. Not adjustable.
    Stack,
    /// Elements of tables, or instances, of one component. Not adjustable.
    Tables,
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WallTime => "time",
            Self::Memory => "memory",
            Self::Output => "output",
            Self::Stack => "stack",
            Self::Tables => "tables",
        })
    }
}

/// Why a call never started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusedKind {
    /// Nobody on the way has the module.
    NoModule,
    /// The module came, but cannot run here.
    BadModule,
    /// The module imports what nobody offers.
    MissingImport,
    /// The module does not export this.
    NoExport,
    /// The arguments are not of the export's types.
    BadArguments,
    /// The types of the export cannot be carried.
    Unsupported,
}

impl Outcome {
    /// The encoded value that follows the head, if there is one.
    #[must_use]
    pub fn tail(&self) -> &[u8] {
        match self {
            Self::Returned(value) | Self::Failed(value) => value,
            _ => &[],
        }
    }

    /// Puts the bytes that followed the head back where they belong. False if this outcome has no value.
    #[must_use]
    pub fn set_tail(&mut self, tail: Bytes) -> bool {
        match self {
            Self::Returned(value) | Self::Failed(value) => {
                *value = tail;
                true
            }
            _ => tail.is_empty(),
        }
    }
}
