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
    /// Calls that may be under way here at once.
    pub max_calls: usize,
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
        /// For a bulk body the number of its transfer, else [`Handle::NONE`].
        reply_to: Handle,
        /// What to tell.
        body: Body,
    },
    /// A call that was handed out is finished.
    Finished {
        /// The call.
        call: CallId,
        /// Its outcome, encoded.
        body: Body,
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
        /// The call, encoded.
        body: Body,
    },
    /// The caller gave it up or is gone: stop it. [`Input::Finished`] is not needed.
    Cancel {
        /// The call.
        call: CallId,
    },
    /// A message for one of the well-known handles.
    Deliver(Message),
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
