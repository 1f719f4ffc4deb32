//! What goes into the router and what comes out of it: plain data.

use super::Violation;
use crate::message::{Dead, Down};
use crate::{Body, CallId, ContextId, Frame, Handle, LinkId, RequestId};
use std::time::Duration;

/// What a context is in its tree.
#[derive(Clone, Debug)]
pub struct Config {
    /// This context.
    pub me: ContextId,
    /// Its parent, its parent's parent, up to the master. Empty for the master itself.
    pub parents: Vec<ContextId>,
    /// Does it execute calls? The master does not.
    pub executes: bool,
    /// A link on which nothing was heard for so long is down. Zero: however long that may be.
    pub heartbeat: Duration,
    /// May contexts send to others that are neither above nor below them?
    pub siblings: bool,
    /// What those below may use up.
    pub quotas: Quotas,
}

/// What a context allows others at the most. Beyond it they are told `busy` or `quota`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quotas {
    /// Calls of functions that may be under way here at once.
    pub calls: usize,
    /// Calls of services and the like that may be under way here at once for contexts behind one link.
    pub services: usize,
    /// Contexts that may be behind one link.
    pub routes: usize,
    /// Blocks of ids that contexts behind one link may ask for, in its whole life.
    pub blocks: usize,
    /// Contexts that one child is told of at once when others have said that they are gone. As it is told four times a
    /// second, 256 are no more than 14 KiB a second: a peer that takes nothing at all for as long as links are borne has
    /// not yet too much of it.
    pub told: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            calls: 256,
            services: 64,
            routes: 1 << 16,
            blocks: 256,
            told: 256,
        }
    }
}

/// From whom a receiver takes messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accept {
    /// From every context that may send to this one at all.
    Anyone,
    /// From those above.
    Above,
    /// From one context.
    Context(ContextId),
}

/// Which side of the tree a link leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Towards the master.
    Parent,
    /// To a context that this one started.
    Child,
}

/// Something happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A link to a neighbour is ready.
    LinkUp {
        /// The link's new id.
        link: LinkId,
        /// The context at its other end.
        peer: ContextId,
        /// Which side of the tree it is.
        role: Role,
    },
    /// Bytes came, perhaps not a whole frame: the peer lives.
    Heard {
        /// The link that they came from.
        link: LinkId,
    },
    /// A frame came.
    Frame {
        /// The link that it came from.
        link: LinkId,
        /// The frame.
        frame: Frame,
    },
    /// A link is gone.
    LinkDown {
        /// Which.
        link: LinkId,
        /// Why.
        why: Down,
    },
    /// This context wants to send a message and to have a reply.
    Request {
        /// The shell's new id for it.
        request: RequestId,
        /// The context to ask.
        to: ContextId,
        /// Where in it.
        handle: Handle,
        /// What to ask.
        body: Body,
    },
    /// This context no longer wants the reply.
    Abandon {
        /// The request.
        request: RequestId,
    },
    /// This context wants to send a message without a reply.
    Post {
        /// The context to tell.
        to: ContextId,
        /// Where in it.
        handle: Handle,
        /// [`Handle::NONE`], or [`Handle::IS_DEAD`] if the body is a [`Dead`].
        reply_to: Handle,
        /// What to tell.
        body: Body,
    },
    /// A sender of this context has something for its receiver. Nothing happens if the sender has ended.
    Channel {
        /// The sender's handle.
        sender: Handle,
        /// What to send: a message, a piece of a stream, or nothing, which is the end.
        body: Body,
    },
    /// This context needs an id for a child.
    Allocate {
        /// The shell's new id for the request.
        request: RequestId,
    },
    /// This context leaves the tree: it tells its parent, and lives on without it.
    Detach,
    /// A call that was handed out is finished.
    Finished {
        /// The call.
        call: CallId,
        /// Its outcome, encoded.
        body: Body,
    },
    /// The same, if it has no outcome.
    Failed {
        /// The call.
        call: CallId,
        /// Why.
        dead: Dead,
    },
}

/// A message for this context.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Where in this context it goes.
    pub handle: Handle,
    /// Who sent it.
    pub src: ContextId,
    /// What the sender wrote into `reply_to`.
    pub reply_to: Handle,
    /// What it says.
    pub body: Body,
}

/// Something to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Write this frame.
    Send {
        /// Where to.
        link: LinkId,
        /// The frame.
        frame: Frame,
    },
    /// Execute this call, and say [`Input::Finished`] once.
    Execute {
        /// Its new id.
        call: CallId,
        /// Who called.
        from: ContextId,
        /// Does the caller have authority over this context?
        above: bool,
        /// What to do: [`Handle::CALL_FUNCTION`], [`Handle::CALL_SERVICE`], [`Handle::LAUNCH`] or
        /// [`Handle::INSPECT`].
        handle: Handle,
        /// The call, encoded.
        body: Body,
    },
    /// This call of a function was not taken, and its caller is told so. What it belongs to is in the body.
    Declined {
        /// Who called.
        from: ContextId,
        /// The call, encoded.
        body: Body,
        /// Why.
        why: Dead,
    },
    /// The caller gave it up or is gone: stop it. [`Input::Finished`] is not needed.
    Cancel {
        /// The call.
        call: CallId,
    },
    /// A message for one of the well-known handles.
    Deliver(Message),
    /// Something for a receiver, whose handle the message has. If its `reply_to` is [`Handle::IS_DEAD`] the
    /// sender has ended, and the body is a [`Dead`].
    Received(Message),
    /// A sender may send more.
    Credit {
        /// The sender's handle.
        sender: Handle,
        /// How much, in bytes as [`crate::flow`] counts them.
        bytes: u64,
    },
    /// A sender has ended, and its handle is closed: nobody takes what it sends.
    Ended {
        /// The sender's handle.
        sender: Handle,
        /// Why.
        why: Dead,
    },
    /// The answer to [`Input::Allocate`].
    Allocated {
        /// The request.
        request: RequestId,
        /// The id, or why there is none.
        id: Result<ContextId, Dead>,
    },
    /// A context has come below this one.
    Joined {
        /// Which.
        context: ContextId,
        /// Who started it.
        parent: ContextId,
    },
    /// Contexts are gone: below this one, or elsewhere if somebody here may have waited for them.
    Gone {
        /// Which.
        contexts: Vec<ContextId>,
        /// Why.
        why: Dead,
    },
    /// A child goes its own way: when its link goes down its process is to be left alone.
    Detaching {
        /// The link to it.
        link: LinkId,
    },
    /// The parent knows that this context leaves, or is itself gone: close the link to it, if it is still there.
    /// [`Input::Detach`] has this answer once if there was a parent.
    Detached {
        /// The link to the parent.
        link: LinkId,
    },
    /// The one reply to a request.
    Reply {
        /// The request.
        request: RequestId,
        /// The answer, or why there will be none.
        reply: Result<Body, Dead>,
    },
    /// Close this link. The router has forgotten it already.
    Close {
        /// Which.
        link: LinkId,
        /// Why.
        why: Down,
    },
    /// [`Router::poll_timeout`](super::Router::poll_timeout) is earlier than it was.
    Rearm,
    /// The parent wants this context to end.
    Shutdown,
    /// A peer broke a rule and its frame was dropped. For the log.
    Violation {
        /// Where the frame came from.
        link: LinkId,
        /// Which rule.
        violation: Violation,
    },
}
