//! How contexts come and go, and how everybody who has to know learns it.

use super::handles::{Asker, Entry, Pending};
use super::{Output, Role, Router, Violation};
use crate::message::{AddRoute, Dead, DeadReason, DelRoute, Down};
use crate::{Body, ContextId, Handle, Header, Limits, LinkId};
use std::collections::BTreeSet;
use std::time::Instant;

/// The longest body of a message that the router itself reads, in bytes.
pub(super) const OWN: Limits = Limits { max_body: 64 << 10 };

/// Contexts that one DEL_ROUTE names, so that it stays below that limit.
const NAMED: usize = 4096;

/// Who said that contexts are gone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    /// This context itself: their link is.
    Here,
    /// The child behind this link, as often as it likes.
    Below(LinkId),
    /// The parent.
    Above,
}

impl Router {
    pub(super) fn link_up(&mut self, now: Instant, link: LinkId, peer: ContextId, role: Role) {
        let me = self.config.me;
        let taken =
            peer == me || self.config.parents.contains(&peer) || self.links.route(peer).is_some();
        if role == Role::Child && taken {
            let why = Down::Corrupt(format!("there is a context {peer} already"));
            self.outputs.push_back(Output::Close { link, why });
            return;
        }
        self.links.add(link, peer, role);
        self.heartbeat.add(now, link);
        match role {
            Role::Child => self.joined(link, peer, me),
            Role::Parent => {
                let routes: Vec<_> = self.links.routes().collect();
                for (context, route) in routes {
                    self.announce(context, route.parent);
                }
            }
        }
    }

    pub(super) fn link_down(&mut self, link: LinkId, why: Down) {
        let Some((removed, behind)) = self.links.remove(link) else {
            return;
        };
        self.heartbeat.remove(link);
        self.ids.forget(link);
        self.interest.forget(link);
        self.untold.forget(link);
        let why = if removed.detached {
            Down::Detached
        } else {
            why
        };
        let dead = self.dead(DeadReason::LinkDown(why));
        for lost in self.handles.lost(|via, _| via == link) {
            self.ended(lost, &dead);
        }
        // Whoever leaves the tree finishes what it was called for.
        if removed.role == Role::Child || !self.leaves {
            for call in self.inbound.lost_with(link) {
                self.outputs.push_back(Output::Cancel { call });
            }
        }
        match removed.role {
            Role::Child => self.gone(&behind, &dead, Said::Here),
            Role::Parent => {
                let contexts = self.config.parents.clone();
                self.outputs.push_back(Output::Gone {
                    contexts,
                    why: dead,
                });
                // A context without a parent has nobody to work for.
                if !self.leaves {
                    self.outputs.push_back(Output::Shutdown);
                }
            }
        }
    }

    /// ADD_ROUTE from a child.
    pub(super) fn add_route(&mut self, link: LinkId, header: &Header, body: &Body) {
        let (src, handle) = (header.src, header.handle);
        let Ok(AddRoute { context, parent }) = body.decode(OWN) else {
            return self.violated(link, Violation::Malformed { src, handle });
        };
        let parent_is_there = parent == src
            || self
                .links
                .route(parent)
                .is_some_and(|route| route.link == link);
        // One that is gone does not come again before all have heard that it is.
        let is_taken = self.links.route(context).is_some() || self.untold.contains(context);
        if !self.ids.belongs(context, link) || is_taken {
            self.violated(link, Violation::ForeignId { src, context });
        } else if !parent_is_there {
            self.violated(link, Violation::NoParent { src, context });
        } else if self.links.behind(link) >= self.config.quotas.routes {
            self.violated(link, Violation::TooManyRoutes { src });
        } else {
            self.joined(link, context, parent);
        }
    }

    fn joined(&mut self, link: LinkId, context: ContextId, parent: ContextId) {
        self.links.add_route(context, link, parent);
        self.announce(context, parent);
        self.outputs.push_back(Output::Joined { context, parent });
    }

    fn announce(&mut self, context: ContextId, parent: ContextId) {
        self.tell_parent(Handle::ADD_ROUTE, &AddRoute { context, parent });
    }

    /// DEL_ROUTE, from a child about what is behind it, or from the parent about what is elsewhere.
    pub(super) fn del_route(&mut self, link: LinkId, role: Role, header: &Header, body: &Body) {
        let (src, handle) = (header.src, header.handle);
        let Ok(DelRoute { contexts, why }) = body.decode(OWN) else {
            return self.violated(link, Violation::Malformed { src, handle });
        };
        match role {
            Role::Child => {
                // As long as its link is there, so is the child.
                let contexts: Vec<_> = contexts.into_iter().filter(|it| *it != src).collect();
                let gone = self.links.remove_routes(link, &contexts);
                // What it says goes on to many, beside more names than it has given.
                self.gone(&gone, &why.clipped(), Said::Below(link));
            }
            Role::Parent => {
                let elsewhere = |context: &ContextId| {
                    *context != self.config.me
                        && self.links.route(*context).is_none()
                        && !self.config.parents.contains(context)
                };
                let gone = contexts.into_iter().filter(elsewhere).collect();
                self.gone(&gone, &why, Said::Above);
            }
        }
    }

    /// These contexts are gone. Whoever may wait for them is told: above, below, and here.
    fn gone(&mut self, contexts: &BTreeSet<ContextId>, why: &Dead, said: Said) {
        if contexts.is_empty() {
            return;
        }
        if said != Said::Above {
            for contexts in pieces(contexts) {
                let why = why.clone();
                self.tell_parent(Handle::DEL_ROUTE, &DelRoute { contexts, why });
            }
        }
        for (link, contexts) in self.interest.take(contexts) {
            if let Said::Below(from) = said {
                self.untold.add((from, link), contexts, why);
                continue;
            }
            for contexts in pieces(&contexts) {
                self.tell_gone(link, contexts, why.clone());
            }
        }
        for lost in self.handles.lost(|_, context| contexts.contains(&context)) {
            self.ended(lost, why);
        }
        for call in self.inbound.lost_from(contexts) {
            self.outputs.push_back(Output::Cancel { call });
        }
        self.outputs.push_back(Output::Gone {
            contexts: contexts.iter().copied().collect(),
            why: why.clone(),
        });
    }

    /// Tells children what they may be told now.
    pub(super) fn tell_children(&mut self, now: Instant) {
        for (link, contexts, why) in self.untold.due(now) {
            self.tell_gone(link, contexts, why);
        }
    }

    fn tell_gone(&mut self, link: LinkId, contexts: Vec<ContextId>, why: Dead) {
        if let Some(peer) = self.links.peer(link) {
            self.tell(link, peer, Handle::DEL_ROUTE, &DelRoute { contexts, why });
        }
    }

    /// What was at a handle has ended without an answer.
    pub(super) fn ended(&mut self, (handle, entry): (Handle, Entry), why: &Dead) {
        match entry {
            Entry::Reply(pending) => self.answered(pending, Err(why.clone())),
            Entry::Sender(_) => self.outputs.push_back(Output::Ended {
                sender: handle,
                why: why.clone(),
            }),
            Entry::Receiver(_) => {}
        }
    }

    /// A reply has come, or never will.
    pub(super) fn answered(&mut self, pending: Pending, reply: Result<Body, Dead>) {
        match pending.asker {
            Asker::Shell(request) => self.outputs.push_back(Output::Reply { request, reply }),
            Asker::Ids => self.ids_came(reply),
            Asker::IdsFor(applicant) => self.ids_came_for(applicant, reply),
            // Whether it knows or is gone itself: there is nobody left to leave.
            Asker::Leave => {
                let link = pending.link;
                self.outputs.push_back(Output::Detached { link });
            }
        }
    }

    /// This context leaves the tree. Without a parent it has left already.
    pub(super) fn detach(&mut self) {
        if !std::mem::replace(&mut self.leaves, true) {
            self.ask_parent(Asker::Leave, Handle::DETACHING);
        }
    }

    /// DETACHING from a child: it leaves.
    pub(super) fn detaching(&mut self, link: LinkId, header: &Header) {
        // Once is enough: what it says again has no answer that could pile up.
        if !self.links.detach(link) {
            return;
        }
        self.outputs.push_back(Output::Detaching { link });
        if header.reply_to.is_dynamic() {
            self.post(header.src, header.reply_to, Handle::NONE, &Body::empty());
        }
    }

    /// Asks the parent on the router's own behalf. False if there is none.
    pub(super) fn ask_parent(&mut self, asker: Asker, handle: Handle) -> bool {
        let parent = self.links.parent();
        let Some((link, peer)) = parent.and_then(|link| Some((link, self.links.peer(link)?)))
        else {
            return false;
        };
        let pending = Pending {
            asker,
            respondent: peer,
            asked: handle,
            link,
        };
        let reply_to = self.handles.open(Entry::Reply(pending));
        self.send(link, peer, handle, reply_to, &Body::empty());
        true
    }

    fn tell_parent(&mut self, handle: Handle, message: &impl serde::Serialize) {
        if let Some(link) = self.links.parent()
            && let Some(peer) = self.links.peer(link)
        {
            self.tell(link, peer, handle, message);
        }
    }

    fn tell(&mut self, link: LinkId, to: ContextId, handle: Handle, what: &impl serde::Serialize) {
        self.send(link, to, handle, Handle::NONE, &encoded(what));
    }
}

/// The ids of one DEL_ROUTE each.
fn pieces(contexts: &BTreeSet<ContextId>) -> Vec<Vec<ContextId>> {
    let all: Vec<_> = contexts.iter().copied().collect();
    all.chunks(NAMED).map(<[_]>::to_vec).collect()
}

/// Plain data of known types can always be written as CBOR.
pub(super) fn encoded(message: &impl serde::Serialize) -> Body {
    Body::new(message).unwrap_or_else(|_| Body::empty())
}
