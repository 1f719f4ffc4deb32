//! GET_MODULE and LOAD_MODULE, GET_RESOURCE and LOAD_RESOURCE: content on demand.
//!
//! A load announces the content; its bytes follow in bulk frames to the same handle, whose
//! `reply_to` is the number of the transfer. The content is complete when as many bytes have come as
//! were announced, and true when its digest is the one that was announced.

use super::CompatibilityId;
use crate::Digest;
use serde::{Deserialize, Serialize};

/// A component by name and content.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ModuleRef {
    /// What people call it. Says nothing about what it is.
    pub name: String,
    /// BLAKE3 of the component, before it was compiled. Says everything.
    pub digest: Digest,
}

/// Which of the two engines runs a module. See `runtime::engine`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// Calls are four times cheaper; no `async` function, stream or future.
    Plain,
    /// The whole component model.
    Concurrent,
}

/// GET_MODULE: a context lacks a module. Sent to its parent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GetModule {
    /// Which one.
    pub module: ModuleRef,
    /// For what kind of machine code.
    pub compatibility: CompatibilityId,
}

/// LOAD_MODULE: the answer. Unasked it is not taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LoadModule {
    /// Which one.
    pub module: ModuleRef,
    /// Its machine code, or why there is none.
    pub loaded: Loaded<EngineKind>,
}

/// GET_RESOURCE: a context lacks a data file that the parameters of a call name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GetResource {
    /// BLAKE3 of its content.
    pub digest: Digest,
}

/// LOAD_RESOURCE: the answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LoadResource {
    /// BLAKE3 of its content.
    pub digest: Digest,
    /// The content, or why there is none.
    pub loaded: Loaded<()>,
}

/// Content on its way, or the reason why it will not come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loaded<T> {
    /// Bulk frames with this content follow.
    Found {
        /// What they are.
        transfer: Transfer,
        /// What the receiver must know about them.
        about: T,
    },
    /// Nobody up to the master has it, or the sender may not hand it out. For a person.
    Missing(String),
}

/// Bytes on their way in bulk frames.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Transfer {
    /// The `reply_to` of its bulk frames, unique among the transfers of the sender. From 1000 on.
    pub number: u32,
    /// Bytes that the bulk frames carry: one zstd frame.
    pub packed_len: u64,
    /// Bytes of the content itself.
    pub len: u64,
    /// BLAKE3 of the content itself.
    pub digest: Digest,
}
