//! The router: where a message goes, and whether it may. A state machine without IO.
//!
//! The shell gives it each event with [`Router::handle`], then obeys every command that
//! [`Router::poll_output`] yields until there is none, and calls [`Router::handle_timeout`] when the
//! moment of [`Router::poll_timeout`] has come. It does not know what the bodies of calls say.
//!
//! [`dispatch`] has the way of a message, [`authority`] who may send what, [`routes`] how contexts come and go,
//! [`allocation`] where their ids come from, [`channels`] receivers and senders.
//!
//! Invariants, which `tests/simulation` checks for every seed:
//! - each request gets exactly one reply: the peer's, or a [`Dead`];
//! - each call that it hands out for execution gets at most one reply on the wire;
//! - nothing reaches a local handle whose sender may not send there;
//! - the routes of all contexts together are the tree, once nothing is on its way.

mod allocation;
mod authority;
mod channels;
mod dispatch;
mod event;
mod handles;
mod heartbeat;
mod ids;
mod inbound;
mod interest;
mod links;
mod routes;
mod untold;

use crate::message::{Dead, DeadReason, Down};
use crate::{Body, ContextId, Handle, LinkId, RequestId};
use handles::Handles;
use heartbeat::Heartbeat;
use ids::Ids;
use inbound::Inbound;
use interest::Interest;
use links::Links;
use std::collections::VecDeque;
use std::time::Instant;
use untold::Untold;

pub use authority::Violation;
pub use event::{Accept, Config, Input, Message, Output, Quotas, Role};

/// The state of one context's routing.
#[derive(Debug)]
pub struct Router {
    config: Config,
    links: Links,
    handles: Handles,
    inbound: Inbound,
    ids: Ids,
    /// Who waits here until there are ids.
    applicants: VecDeque<RequestId>,
    /// The parent was asked for some.
    asks_for_ids: bool,
    interest: Interest,
    untold: Untold,
    heartbeat: Heartbeat,
    /// It leaves the tree, or has left it: it can live without its parent.
    leaves: bool,
    outputs: VecDeque<Output>,
}

/// How much is under way, for introspection and tests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Replies that are awaited.
    pub requests: usize,
    /// Receivers and senders.
    pub channels: usize,
    /// Calls of functions under way here.
    pub functions: usize,
    /// Other calls under way here.
    pub services: usize,
    /// Links.
    pub links: usize,
    /// Contexts below.
    pub routes: usize,
    /// Notes of who may use which ids, of who has sent to whom, and of who must still be told who is gone.
    pub notes: usize,
}

impl Router {
    /// A router without links.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let ids = if config.parents.is_empty() {
            Ids::all()
        } else {
            Ids::default()
        };
        Self {
            heartbeat: Heartbeat::new(config.heartbeat),
            untold: Untold::new(config.me, config.quotas.told),
            config,
            links: Links::default(),
            handles: Handles::default(),
            inbound: Inbound::default(),
            ids,
            applicants: VecDeque::new(),
            asks_for_ids: false,
            interest: Interest::default(),
            leaves: false,
            outputs: VecDeque::new(),
        }
    }

    /// Takes note of an event.
    pub fn handle(&mut self, now: Instant, input: Input) {
        let before = self.outputs.len();
        let wanted = self.untold.next();
        match input {
            Input::LinkUp { link, peer, role } => self.link_up(now, link, peer, role),
            Input::Heard { link } => self.heartbeat.heard(now, link),
            Input::Frame { link, frame } => {
                self.heartbeat.heard(now, link);
                self.frame(link, frame);
            }
            Input::LinkDown { link, why } => self.link_down(link, why),
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
            Input::Channel { sender, body } => self.channel(sender, &body),
            Input::Finished { call, body } => self.finished(call, Handle::NONE, &body),
            Input::Failed { call, dead } => {
                self.finished(call, Handle::IS_DEAD, &routes::encoded(&dead));
            }
            Input::Allocate { request } => self.allocate(request),
            Input::Detach => self.detach(),
        }
        self.tell_children(now);
        let earlier = |at| wanted.is_none_or(|wanted| at < wanted);
        if self.untold.next().is_some_and(earlier) {
            self.outputs.push_back(Output::Rearm);
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
        let heartbeat = self.heartbeat.next().map(|at| (at, "heartbeat"));
        let untold = self.untold.next().map(|at| (at, "contexts that are gone"));
        heartbeat.into_iter().chain(untold).min()
    }

    /// Takes note that time has passed: says a word where nothing was sent, gives up on dead peers, tells what was
    /// gathered.
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
            self.link_down(link, why.clone());
            self.outputs.push_back(Output::Close { link, why });
        }
        self.tell_children(now);
        self.note_sent(now, before);
    }

    /// How much is under way.
    #[must_use]
    pub fn load(&self) -> Load {
        let (requests, channels) = self.handles.len();
        Load {
            requests: requests + self.applicants.len(),
            channels,
            functions: self.inbound.functions(),
            services: self.inbound.len() - self.inbound.functions(),
            links: self.links.len().max(self.heartbeat.len()),
            routes: self.links.routes().count(),
            notes: self.ids.len() + self.interest.len() + self.untold.len(),
        }
    }

    /// The link on the way to another context, if there is one.
    #[must_use]
    pub fn towards(&self, context: ContextId) -> Option<LinkId> {
        self.links.towards(context)
    }

    /// The link to the parent, if there is one.
    #[must_use]
    pub fn parent(&self) -> Option<LinkId> {
        self.links.parent()
    }

    /// The context at the other end of a link.
    #[must_use]
    pub fn peer(&self, link: LinkId) -> Option<ContextId> {
        self.links.peer(link)
    }

    /// Is this context below?
    #[must_use]
    pub fn is_below(&self, context: ContextId) -> bool {
        self.links.route(context).is_some()
    }

    /// The contexts below: each, who started it, and the link that leads there.
    pub fn routes(&self) -> impl Iterator<Item = (ContextId, ContextId, LinkId)> {
        let routes = self.links.routes();
        routes.map(|(context, route)| (context, route.parent, route.link))
    }

    /// Whatever is sent over a link says that this context lives.
    fn note_sent(&mut self, now: Instant, before: usize) {
        for output in self.outputs.range(before..) {
            if let Output::Send { link, .. } = output {
                self.heartbeat.sent(now, *link);
            }
        }
    }

    fn dead(&self, reason: DeadReason) -> Dead {
        Dead {
            reason,
            at: self.config.me,
        }
    }

    fn violated(&mut self, link: LinkId, violation: Violation) {
        self.outputs
            .push_back(Output::Violation { link, violation });
    }
}
