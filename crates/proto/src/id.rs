//! The names of things: contexts, handles, links, requests and calls.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A context's id, unique in its tree. The master is 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContextId(pub u32);

impl ContextId {
    /// The root of the tree.
    pub const MASTER: Self = Self(0);
    /// What a slave calls itself until the WELCOME has given it an id.
    pub const UNASSIGNED: Self = Self(u32::MAX);
}

impl fmt::Debug for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "context {}", self.0)
    }
}

impl fmt::Display for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where in a context a message goes. The well-known handles are the types of messages and keep
/// Mitogen's numbers; those from 1000 on are made for one reply each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(pub u32);

impl Handle {
    /// In `reply_to`: no reply is wanted.
    pub const NONE: Self = Self(0);
    /// A context asks its parent for a module: [`crate::message::GetModule`].
    pub const GET_MODULE: Self = Self(100);
    /// Call an exported function: [`crate::message::Call`], answered by [`crate::message::Outcome`].
    pub const CALL_FUNCTION: Self = Self(101);
    /// A record of a log: [`crate::message::LogRecord`].
    pub const FORWARD_LOG: Self = Self(102);
    /// End this context.
    pub const SHUTDOWN: Self = Self(106);
    /// A module for a context that asked: [`crate::message::LoadModule`], then its bulk frames.
    pub const LOAD_MODULE: Self = Self(107);
    /// A context asks its parent for a data file: [`crate::message::GetResource`].
    pub const GET_RESOURCE: Self = Self(112);
    /// A data file for a context that asked: [`crate::message::LoadResource`], then its bulk frames.
    pub const LOAD_RESOURCE: Self = Self(113);
    /// The first frame each way on a new link: [`crate::message::Hello`], [`crate::message::Welcome`].
    pub const HELLO: Self = Self(120);
    /// The caller gave up: `reply_to` is the handle at which it awaited the reply.
    pub const CANCEL: Self = Self(121);
    /// Are you there? Answered by PONG.
    pub const PING: Self = Self(122);
    /// Still here.
    pub const PONG: Self = Self(123);
    /// In `reply_to` of a reply: the body is a [`crate::message::Dead`], not what was asked for.
    pub const IS_DEAD: Self = Self(999);
    /// The first handle that is made on demand.
    pub const FIRST_DYNAMIC: Self = Self(1000);

    /// True for a handle that was made for one reply.
    #[must_use]
    pub fn is_dynamic(self) -> bool {
        self >= Self::FIRST_DYNAMIC
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::NONE => "NONE",
            Self::GET_MODULE => "GET_MODULE",
            Self::CALL_FUNCTION => "CALL_FUNCTION",
            Self::FORWARD_LOG => "FORWARD_LOG",
            Self::SHUTDOWN => "SHUTDOWN",
            Self::LOAD_MODULE => "LOAD_MODULE",
            Self::GET_RESOURCE => "GET_RESOURCE",
            Self::LOAD_RESOURCE => "LOAD_RESOURCE",
            Self::HELLO => "HELLO",
            Self::CANCEL => "CANCEL",
            Self::PING => "PING",
            Self::PONG => "PONG",
            Self::IS_DEAD => "IS_DEAD",
            Self(number) => return write!(f, "handle {number}"),
        };
        f.write_str(name)
    }
}

/// One stream to a neighbour, as this process counts them. Never reused, never on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LinkId(pub u64);

/// A request that this context sent and awaits, as this process counts them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u64);

/// A call that this context executes, as this process counts them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CallId(pub u64);
