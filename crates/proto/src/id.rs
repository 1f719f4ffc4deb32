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
/// Mitogen's numbers; those from 1000 on are made for one reply, one receiver or one sender each.
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
    /// A child tells its parent that a context has come below it: [`crate::message::AddRoute`].
    pub const ADD_ROUTE: Self = Self(103);
    /// Contexts are gone: [`crate::message::DelRoute`].
    pub const DEL_ROUTE: Self = Self(104);
    /// A child asks its parent for ids that it may give to its own children: answered by
    /// [`crate::message::IdBlock`].
    pub const ALLOCATE_ID: Self = Self(105);
    /// End this context.
    pub const SHUTDOWN: Self = Self(106);
    /// Where a module is, for a context that asked, or that had better ask: [`crate::message::LoadModule`].
    pub const LOAD_MODULE: Self = Self(107);
    /// Fetch content, and tell the next context on the way to do the same: [`crate::message::ForwardModule`].
    pub const FORWARD_MODULE: Self = Self(108);
    /// From above: leave the tree, finish what is under way, then end. From a child: it does so now.
    pub const DETACHING: Self = Self(109);
    /// Call a method of a service: [`crate::message::CallService`], answered by [`crate::message::ServiceOutcome`].
    pub const CALL_SERVICE: Self = Self(110);
    /// What answers for a service that nobody has started yet. Local to a context: never on the wire.
    pub const STUB_CALL_SERVICE: Self = Self(111);
    /// A context asks its parent for a data file: [`crate::message::GetResource`].
    pub const GET_RESOURCE: Self = Self(112);
    /// Where a data file is, for a context that asked: [`crate::message::LoadResource`].
    pub const LOAD_RESOURCE: Self = Self(113);
    /// The first frame each way on a new link: [`crate::message::Hello`], [`crate::message::Welcome`].
    pub const HELLO: Self = Self(120);
    /// Whoever asked gave up: `reply_to` is the handle at which it awaited the reply.
    pub const CANCEL: Self = Self(121);
    /// Are you there? Answered by PONG.
    pub const PING: Self = Self(122);
    /// Still here.
    pub const PONG: Self = Self(123);
    /// A sender may send so many bytes more: [`crate::message::Credit`].
    pub const CREDIT: Self = Self(124);
    /// Start a child: [`crate::message::LaunchChild`], answered by [`crate::message::Launched`].
    pub const LAUNCH: Self = Self(125);
    /// A chain of calls is over and can be forgotten: [`crate::message::EndChain`].
    pub const END_CHAIN: Self = Self(126);
    /// How is it here? Answered by [`crate::message::Inspection`].
    pub const INSPECT: Self = Self(127);
    /// In `reply_to` of a reply: the body is a [`crate::message::Dead`], not what was asked for.
    pub const IS_DEAD: Self = Self(999);
    /// The first handle that is made on demand.
    pub const FIRST_DYNAMIC: Self = Self(1000);

    /// True for a handle that was made on demand.
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
            Self::ADD_ROUTE => "ADD_ROUTE",
            Self::DEL_ROUTE => "DEL_ROUTE",
            Self::ALLOCATE_ID => "ALLOCATE_ID",
            Self::SHUTDOWN => "SHUTDOWN",
            Self::LOAD_MODULE => "LOAD_MODULE",
            Self::FORWARD_MODULE => "FORWARD_MODULE",
            Self::DETACHING => "DETACHING",
            Self::CALL_SERVICE => "CALL_SERVICE",
            Self::STUB_CALL_SERVICE => "STUB_CALL_SERVICE",
            Self::GET_RESOURCE => "GET_RESOURCE",
            Self::LOAD_RESOURCE => "LOAD_RESOURCE",
            Self::HELLO => "HELLO",
            Self::CANCEL => "CANCEL",
            Self::PING => "PING",
            Self::PONG => "PONG",
            Self::CREDIT => "CREDIT",
            Self::LAUNCH => "LAUNCH",
            Self::END_CHAIN => "END_CHAIN",
            Self::INSPECT => "INSPECT",
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
