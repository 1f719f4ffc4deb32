//! The first message each way on a new link.

use crate::ContextId;
use serde::{Deserialize, Serialize};

/// Two processes with the same id take each other's ahead-of-time compiled code: same engine
/// version, same settings, same target. 16 bytes in hexadecimal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CompatibilityId(pub String);

/// A slave introduces itself to whoever started it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// Zymogen's version, `0.1.0`. The protocol's version is in every header.
    pub version: String,
    /// For what it runs machine code, with what its processor can do: `x86_64-unknown-linux-musl+avx+avx2`.
    pub target: String,
    /// What machine code it accepts.
    pub compatibility: CompatibilityId,
    /// Its process id, where it runs.
    pub pid: u32,
    /// The name of its machine.
    pub hostname: String,
}

/// The answer: who the slave is, and what holds on the link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Welcome {
    /// The slave's id from now on.
    pub context: ContextId,
    /// Its parent, its parent's parent, up to the master. These have authority over it.
    pub parents: Vec<ContextId>,
    /// The longest body that anybody in the tree accepts, in bytes.
    pub max_body: u32,
    /// A link on which nothing was heard for so long is down, in milliseconds.
    pub heartbeat_ms: u64,
    /// Bodies of at least so many bytes are sent under zstd, if they shrink. None: never.
    pub compress_from: Option<u32>,
    /// May contexts send to others that are neither above nor below them?
    pub siblings: bool,
    /// May it keep artifacts on its machine between connections? If not, it leaves nothing behind.
    pub cache: bool,
}
