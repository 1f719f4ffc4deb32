//! Zymogen's protocol without IO: what the bytes are, what the messages say, and where each goes.
//!
//! Nothing here reads a clock, a file, a socket or a random number. Time comes in with each input of
//! the [`router::Router`], commands come out of it, and the crates `broker` and `runtime` obey them.
//! `docs/PROTOCOL.md` describes the same bytes for a reader who writes another implementation.

#![forbid(unsafe_code)]

pub mod body;
mod cbor;
pub mod digest;
pub mod flow;
pub mod frame;
pub mod header;
pub mod id;
pub mod message;
pub mod policy;
pub mod router;

pub use body::{Body, BodyError};
pub use digest::Digest;
pub use frame::{Frame, FrameDecoder, FrameError, Limits, MAX_BULK};
pub use header::{Flags, HEADER_LEN, Header};
pub use id::{CallId, ContextId, Handle, LinkId, RequestId};
pub use policy::{Access, CallLimits, Policy};

/// The version of the protocol that this crate speaks, in every header and in HELLO.
pub const PROTOCOL_VERSION: u8 = 1;
