//! GET_MODULE and LOAD_MODULE, GET_RESOURCE and LOAD_RESOURCE: content on demand.
//!
//! A request says where the content shall go: to a receiver of the context that asks. A load announces the
//! content, whose bytes follow there as a stream. The content is complete when the stream ends with as many
//! bytes as were announced, and true when its digest is the one that was announced.

use super::CompatibilityId;
use crate::{ContextId, Digest, Handle};
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
    /// Receives the machine code, in the context that asks.
    pub to: Handle,
}

/// LOAD_MODULE: the answer. Unasked only [`Loaded::Offered`] is taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LoadModule {
    /// Which one.
    pub module: ModuleRef,
    /// The `to` of the request; [`Handle::NONE`] if there was none.
    pub to: Handle,
    /// Its machine code, or why there is none.
    pub loaded: Loaded<EngineKind>,
}

/// GET_RESOURCE: a context lacks a data file that the parameters of a call name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GetResource {
    /// BLAKE3 of its content.
    pub digest: Digest,
    /// Receives the content, in the context that asks.
    pub to: Handle,
}

/// LOAD_RESOURCE: the answer. Unasked only [`Loaded::Offered`] is taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LoadResource {
    /// BLAKE3 of its content.
    pub digest: Digest,
    /// The `to` of the request; [`Handle::NONE`] if there was none.
    pub to: Handle,
    /// The content, or why there is none.
    pub loaded: Loaded<()>,
}

/// FORWARD_MODULE: fetch content now, for it will be needed, then send the same to the next context on the way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ForwardModule {
    /// The context where it will be needed.
    pub target: ContextId,
    /// What to fetch.
    pub content: Content,
    /// The module that it is used with: whoever below asks for that is to be told the same. None: it stands alone.
    pub with: Option<Digest>,
}

/// A module or a data file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// A module, for this kind of machine code.
    Module {
        /// Which one.
        module: ModuleRef,
        /// For what kind of machine code: that of the target.
        compatibility: CompatibilityId,
    },
    /// A data file.
    Resource(Digest),
}

/// Content on its way, or the reason why it will not come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loaded<T> {
    /// A stream with this content follows.
    Found {
        /// What it is.
        transfer: Transfer,
        /// What the receiver must know about it.
        about: T,
    },
    /// Nobody up to the master has it, or the sender may not hand it out. For a person. It holds until it is offered.
    Missing(String),
    /// It can be had, whatever was said before, and will be needed. Unasked.
    Offered,
}

/// Bytes on their way in a stream.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Transfer {
    /// Bytes that the stream carries: one zstd frame.
    pub packed_len: u64,
    /// Bytes of the content itself.
    pub len: u64,
    /// BLAKE3 of the content itself.
    pub digest: Digest,
}
