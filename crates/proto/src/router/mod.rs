//! The router: where a message goes, and whether it may. A state machine without IO.
//!
//! The shell gives it each event with [`Router::handle`], then obeys every command that
//! [`Router::poll_output`] yields until there is none, and calls [`Router::handle_timeout`] when the
//! moment of [`Router::poll_timeout`] has come. It does not know what the bodies of calls say.
//!
//! Invariants, which `tests/simulation` checks for every seed:
//! - each request gets exactly one reply: the peer's, or a [`Dead`];
//! - each call that it hands out for execution gets at most one reply on the wire;
//! - nothing reaches a local handle whose sender may not send there.

mod authority;
mod dispatch;
mod event;
mod heartbeat;
mod links;
mod requests;

use crate::message::{Dead, DeadReason, Down};
use crate::{Body, ContextId, Handle, LinkId};
use heartbeat::Heartbeat;
use links::Links;
use requests::{Inbound, Requests};
use std::collections::VecDeque;
use std::time::Instant;

pub use authority::Violation;
pub use event::{Config, Input, Message, Output, Role};

/// The state of one context's routing.
#[derive(Debug)]
pub struct Router {
    config: Config,
    links: Links,
    requests: Requests,
    inbound: Inbound,
    heartbeat: Heartbeat,
    outputs: VecDeque<Output>,
}

impl Router {
    /// A router without links.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            heartbeat: Heartbeat::new(config.heartbeat),
            config,
            links: Links::default(),
            requests: Requests::default(),
            inbound: Inbound::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes note of an event.
    pub fn handle(&mut self, now: Instant, input: Input) {
        let before = self.outputs.len();
        match input {
            Input::LinkUp { link, peer, role } => self.link_up(now, link, peer, role),
            Input::Heard { link } => self.heartbeat.heard(now, link),
            Input::Frame { link, frame } => {
                self.heartbeat.heard(now, link);
                self.frame(link, frame);
            }
            Input::LinkDown { link, why } => self.link_down(link, &why),
            Input::Request {
                request,
                to,
                handle,
                body,
            } => self.request(request, to, handle, &body),
            Input::Abandon { request } => self.abandon(request),
            Input::Post {
                to,
                handle,
                reply_to,
                body,
            } => self.post(to, handle, reply_to, &body),
            Input::Finished { call, body } => self.finished(call, &body),
        }
        self.note_sent(now, before);
    }

    /// The next thing to do, in the order in which it must be done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called, and what for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.heartbeat.next().map(|at| (at, "heartbeat"))
    }

    /// Takes note that time has passed: says a word where nothing was sent, gives up on dead peers.
    pub fn handle_timeout(&mut self, now: Instant) {
        let before = self.outputs.len();
        let due = self.heartbeat.due(now);
        for link in due.speak {
            if let Some(peer) = self.links.peer(link) {
                self.send(link, peer, Handle::PONG, Handle::NONE, &Body::empty());
            }
        }
        for (link, silent) in due.dead {
            let ms = u64::try_from(silent.as_millis()).unwrap_or(u64::MAX);
            let why = Down::Silent(ms);
            self.link_down(link, &why);
            self.outputs.push_back(Output::Close { link, why });
        }
        self.note_sent(now, before);
    }

    /// Requests that await a reply, calls under way here, and links: for introspection and tests.
    #[must_use]
    pub fn load(&self) -> (usize, usize, usize) {
        let links = self.links.len().max(self.heartbeat.len());
        (self.requests.len(), self.inbound.len(), links)
    }

    /// The link on the way to another context, if there is one.
    #[must_use]
    pub fn towards(&self, context: ContextId) -> Option<LinkId> {
        self.links.towards(context)
    }

    /// Whatever is sent over a link says that this context lives.
    fn note_sent(&mut self, now: Instant, before: usize) {
        for output in self.outputs.range(before..) {
            if let Output::Send { link, .. } = output {
                self.heartbeat.sent(now, *link);
            }
        }
    }

    fn link_up(&mut self, now: Instant, link: LinkId, peer: ContextId, role: Role) {
        self.links.add(link, peer, role);
        self.heartbeat.add(now, link);
    }

    fn link_down(&mut self, link: LinkId, why: &Down) {
        let Some(removed) = self.links.remove(link) else {
            return;
        };
        self.heartbeat.remove(link);
        let dead = Dead {
            reason: DeadReason::LinkDown(why.clone()),
            at: self.config.me,
        };
        for request in self.requests.lost_with(link) {
            let reply = Err(dead.clone());
            self.outputs.push_back(Output::Reply { request, reply });
        }
        for call in self.inbound.lost_with(link) {
            self.outputs.push_back(Output::Cancel { call });
        }
        // A context without a parent has nobody to work for.
        if removed.role == Role::Parent {
            self.outputs.push_back(Output::Shutdown);
        }
    }
}
