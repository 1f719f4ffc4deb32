//! The oracle: what a router must do with each event, from the rules of `docs/PROTOCOL.md` and from what this router was
//! told before. It shares no code with the router, keeps plain lists where the router has indices, and leaves to it what
//! the protocol leaves open: the numbers of handles and calls, and the order of what goes to different places.
//!
//! Nothing but what it foresees may happen, and all of it must.

mod asks;
mod frames;
mod ids;
mod routes;
mod untold;

use proto::message::{Address, Dead, DeadReason, Down};
use proto::router::{Accept, Config, Input, Output, Quotas, Role, Violation};
use proto::{Body, CallId, ContextId, Frame, Handle, Header, LinkId, RequestId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use untold::Untold;

/// What one context has been told, and what it has promised.
pub struct Model {
    me: ContextId,
    parents: Vec<ContextId>,
    siblings: bool,
    executes: bool,
    quotas: Quotas,
    links: BTreeMap<LinkId, Neighbour>,
    /// Who is below: over which link, and who started it.
    below: BTreeMap<ContextId, (LinkId, ContextId)>,
    /// Ids that contexts behind a link may have: from, to, whose.
    given: Vec<(u32, u32, LinkId)>,
    /// Blocks that were asked for over each link.
    blocks: BTreeMap<LinkId, usize>,
    /// With whom contexts behind a link have talked.
    talked: BTreeMap<LinkId, BTreeSet<ContextId>>,
    /// What children must still be told of those that are gone.
    untold: Untold,
    open: BTreeMap<Handle, Thing>,
    jobs: BTreeMap<CallId, Job>,
    /// Ids for its own children.
    own: VecDeque<(u32, u32)>,
    waiting: VecDeque<RequestId>,
    asking: bool,
    leaving: bool,
    expected: Vec<Output>,
}

#[derive(Clone, Copy)]
struct Neighbour {
    peer: ContextId,
    up: bool,
    leaves: bool,
}

/// What is at a handle that was made on demand.
#[derive(Clone, Copy)]
enum Thing {
    Awaits {
        who: Who,
        of: ContextId,
        what: Handle,
        by: LinkId,
    },
    Receives(Accept),
    Sends {
        to: Address,
        by: LinkId,
    },
}

/// For whom a reply is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Shell(RequestId),
    Ids,
    IdsFor(LinkId, ContextId, Handle),
    Leaving(LinkId),
}

/// A call that is executed.
#[derive(Clone, Copy)]
struct Job {
    from: ContextId,
    at: Handle,
    what: Handle,
    by: LinkId,
}

impl Model {
    pub fn new(config: &Config) -> Self {
        let mut own = VecDeque::new();
        if config.parents.is_empty() {
            own.push_back((1, u32::MAX));
        }
        Self {
            me: config.me,
            parents: config.parents.clone(),
            siblings: config.siblings,
            executes: config.executes,
            quotas: config.quotas,
            links: BTreeMap::new(),
            below: BTreeMap::new(),
            given: Vec::new(),
            blocks: BTreeMap::new(),
            talked: BTreeMap::new(),
            untold: Untold::default(),
            open: BTreeMap::new(),
            jobs: BTreeMap::new(),
            own,
            waiting: VecDeque::new(),
            asking: false,
            leaving: false,
            expected: Vec::new(),
        }
    }

    /// The router was given this, and did that.
    pub fn saw(&mut self, input: &Input, did: &[Output]) {
        match input {
            Input::LinkUp { link, peer, role } => self.up(*link, *peer, *role, did),
            Input::Heard { .. } => {}
            Input::Frame { link, frame } => self.frame(*link, frame, did),
            Input::LinkDown { link, why } => self.down(*link, why.clone()),
            Input::Request {
                request,
                to,
                handle,
                body,
            } => self.request(*request, (*to, *handle), body, did),
            Input::Abandon { request } => self.abandon(*request),
            Input::Post {
                to,
                handle,
                reply_to,
                body,
            } => self.send(*to, *handle, *reply_to, body),
            Input::Channel { sender, body } => {
                // All of it goes the same way, also if another becomes known.
                if let Some(Thing::Sends { to, by }) = self.open.get(sender).copied() {
                    self.send_over(by, to.context, to.handle, *sender, body);
                }
            }
            Input::Allocate { request } => self.allocate(*request, did),
            Input::Detach => {
                if !std::mem::replace(&mut self.leaving, true)
                    && let Some((link, _)) = self.parent()
                {
                    self.ask_parent(Who::Leaving(link), Handle::DETACHING, did);
                }
            }
            Input::Finished { call, body } => self.finished(*call, Handle::NONE, body),
            Input::Failed { call, dead } => self.finished(*call, Handle::IS_DEAD, &encoded(dead)),
        }
        self.told(did);
        self.compare(did, &format_args!("{input:?}"));
    }

    /// Time passed for the router, and it did that: it may say a word to its neighbours, and give some up.
    pub fn waited(&mut self, did: &[Output]) {
        for output in did {
            match output {
                Output::Send { link, frame } if frame.header.handle == Handle::PONG => {
                    if let Some(peer) = self.links.get(link).map(|link| link.peer) {
                        let body = Body::empty();
                        self.send_over(*link, peer, Handle::PONG, Handle::NONE, &body);
                    }
                }
                Output::Close { link, why } => {
                    self.down(*link, why.clone());
                    self.expected.push(output.clone());
                }
                _ => {}
            }
        }
        self.told(did);
        self.compare(did, &"time passes");
    }

    /// A handle was made for a receiver.
    pub fn listens(&mut self, handle: Handle, accept: Accept) {
        let before = self.open.insert(handle, Thing::Receives(accept));
        assert!(before.is_none(), "{handle:?} was in use");
    }

    /// A handle was made for a sender, or there is none.
    pub fn opened(&mut self, to: Address, handle: Option<Handle>) {
        let by = self.way(to.context).filter(|_| to.context != self.me);
        let may = by.filter(|_| to.handle.is_dynamic());
        assert_eq!(handle.is_some(), may.is_some(), "a sender to {to:?}");
        if let (Some(handle), Some(by)) = (handle, may) {
            let before = self.open.insert(handle, Thing::Sends { to, by });
            assert!(before.is_none(), "{handle:?} was in use");
        }
    }

    pub fn closed(&mut self, handle: Handle) {
        self.open.remove(&handle);
    }

    /// The contexts below, as it was told.
    pub fn routes(&self) -> impl Iterator<Item = (ContextId, ContextId, LinkId)> {
        self.below
            .iter()
            .map(|(it, (link, parent))| (*it, *parent, *link))
    }

    /// An id of the last of the blocks that were given to a link.
    pub fn given_to(&self, link: LinkId) -> Option<ContextId> {
        let mut given = self.given.iter().rev();
        let block = given.find(|(_, _, whose)| *whose == link);
        block.map(|(from, _, _)| ContextId(*from))
    }

    /// Nothing but what was foreseen has happened, and all of it.
    fn compare(&mut self, did: &[Output], when: &dyn std::fmt::Debug) {
        let mut rest: Vec<_> = did.iter().collect();
        for output in self.expected.drain(..) {
            let found = rest.iter().position(|it| **it == output);
            let Some(found) = found else {
                panic!("{:?}: {when:?}: expected {output:?} in {did:#?}", self.me);
            };
            rest.remove(found);
        }
        assert!(
            rest.is_empty(),
            "{:?}: {when:?}: did {rest:#?}, too",
            self.me
        );
    }

    /// The link on the way to a context.
    fn way(&self, to: ContextId) -> Option<LinkId> {
        let below = self.below.get(&to).map(|(link, _)| *link);
        below.or_else(|| self.parent().map(|(link, _)| link))
    }

    fn parent(&self) -> Option<(LinkId, ContextId)> {
        let mut links = self.links.iter().filter(|(_, it)| it.up);
        links.next().map(|(link, it)| (*link, it.peer))
    }

    /// It must send this, if there is a way.
    fn send(&mut self, to: ContextId, handle: Handle, reply_to: Handle, body: &Body) {
        if let Some(link) = self.way(to).filter(|_| to != self.me) {
            self.send_over(link, to, handle, reply_to, body);
        }
    }

    fn send_over(
        &mut self,
        link: LinkId,
        dst: ContextId,
        handle: Handle,
        reply_to: Handle,
        body: &Body,
    ) {
        let header = Header {
            flags: body.flags(),
            dst,
            src: self.me,
            auth: self.me,
            handle,
            reply_to,
        };
        let body = body.bytes().clone();
        let frame = Frame { header, body };
        self.expected.push(Output::Send { link, frame });
    }

    fn dead(&self, reason: DeadReason) -> Dead {
        let at = self.me;
        Dead { reason, at }
    }

    fn violation(&mut self, link: LinkId, violation: Violation) {
        self.expected.push(Output::Violation { link, violation });
    }

    fn up(&mut self, link: LinkId, peer: ContextId, role: Role, did: &[Output]) {
        let up = role == Role::Parent;
        let taken =
            peer == self.me || self.parents.contains(&peer) || self.below.contains_key(&peer);
        if !up && taken {
            // Why, for a person, is the router's to say.
            let words = did.iter().find(|it| {
                matches!(it, Output::Close { link: closed, why: Down::Corrupt(_) } if *closed == link)
            });
            return self.expected.extend(words.cloned());
        }
        let leaves = false;
        self.links.insert(link, Neighbour { peer, up, leaves });
        if up {
            for (context, parent, _) in self.routes().collect::<Vec<_>>() {
                self.announce(context, parent);
            }
        } else {
            self.came(link, peer, self.me);
        }
    }
}

fn encoded(message: &impl Serialize) -> Body {
    Body::new(message).expect("it can be encoded")
}
