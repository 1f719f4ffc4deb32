//! What a router must know, and tell, of who comes and goes.

use super::{Model, Thing, Who, encoded};
use crate::network::LIMITS;
use proto::message::{AddRoute, Dead, DeadReason, DelRoute, Down};
use proto::router::{Output, Violation};
use proto::{Body, ContextId, Handle, LinkId};
use std::collections::{BTreeMap, BTreeSet};

/// Who says that contexts are gone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Own,
    Below(LinkId),
    Above,
}

pub(super) fn del(contexts: Vec<ContextId>, why: &Dead) -> Body {
    let why = why.clone();
    encoded(&DelRoute { contexts, why })
}

impl Model {
    pub(super) fn came(&mut self, link: LinkId, context: ContextId, parent: ContextId) {
        self.below.insert(context, (link, parent));
        self.announce(context, parent);
        self.expected.push(Output::Joined { context, parent });
    }

    pub(super) fn announce(&mut self, context: ContextId, parent: ContextId) {
        self.tell_parent(Handle::ADD_ROUTE, &encoded(&AddRoute { context, parent }));
    }

    fn tell_parent(&mut self, handle: Handle, body: &Body) {
        if let Some((link, peer)) = self.parent() {
            self.send_over(link, peer, handle, Handle::NONE, body);
        }
    }

    /// ADD_ROUTE.
    pub(super) fn add(&mut self, link: LinkId, src: ContextId, body: &Body) {
        let handle = Handle::ADD_ROUTE;
        let Ok(AddRoute { context, parent }) = body.decode(LIMITS) else {
            return self.violation(link, Violation::Malformed { src, handle });
        };
        let mut given = self.given.iter();
        let is_given =
            given.any(|(from, to, whose)| (*from..*to).contains(&context.0) && *whose == link);
        let behind = self.below.values().filter(|(by, _)| *by == link).count();
        let is_there = self.below.contains_key(&context) || self.is_untold(context);
        let broken = if !is_given || is_there {
            Violation::ForeignId { src, context }
        } else if self.below.get(&parent).is_none_or(|(by, _)| *by != link) {
            Violation::NoParent { src, context }
        } else if behind >= self.quotas.routes {
            Violation::TooManyRoutes { src }
        } else {
            return self.came(link, context, parent);
        };
        self.violation(link, broken);
    }

    /// DEL_ROUTE.
    pub(super) fn del(&mut self, link: LinkId, src: ContextId, body: &Body) {
        let handle = Handle::DEL_ROUTE;
        let Ok(DelRoute { contexts, why }) = body.decode(LIMITS) else {
            return self.violation(link, Violation::Malformed { src, handle });
        };
        if self.parent().is_some_and(|(up, _)| up == link) {
            let elsewhere = |it: &ContextId| {
                *it != self.me && !self.below.contains_key(it) && !self.parents.contains(it)
            };
            let gone = contexts.into_iter().filter(elsewhere).collect();
            return self.vanished(&gone, &why, Word::Above);
        }
        let behind = |it: &ContextId| self.below.get(it).is_some_and(|(by, _)| *by == link);
        let mut named = contexts.into_iter().collect::<BTreeSet<_>>();
        named.retain(|it| behind(it) && *it != src);
        let goes = |it: ContextId| {
            let parent = |it: &ContextId| self.below.get(it).map(|(_, parent)| *parent);
            let mut line = std::iter::successors(Some(it), parent);
            self.below[&it].0 == link && line.any(|it| named.contains(&it))
        };
        let gone: BTreeSet<_> = self.below.keys().copied().filter(|it| goes(*it)).collect();
        self.below.retain(|it, _| !gone.contains(it));
        self.vanished(&gone, &why, Word::Below(link));
    }

    /// Everybody who may wait for these is told.
    fn vanished(&mut self, gone: &BTreeSet<ContextId>, why: &Dead, word: Word) {
        if gone.is_empty() {
            return;
        }
        let contexts: Vec<_> = gone.iter().copied().collect();
        if word != Word::Above {
            self.tell_parent(Handle::DEL_ROUTE, &del(contexts.clone(), why));
        }
        for (link, peer) in self.neighbours() {
            let talked = self.talked.entry(link).or_default();
            let about: Vec<_> = gone.intersection(talked).copied().collect();
            talked.retain(|it| !gone.contains(it));
            if about.is_empty() {
                continue;
            }
            if let Word::Below(from) = word {
                self.untold.add(self.me, (from, link), &about, why);
            } else {
                let body = del(about, why);
                self.send_over(link, peer, Handle::DEL_ROUTE, Handle::NONE, &body);
            }
        }
        self.end_all(why, |_, context| gone.contains(&context));
        self.cancel_all(|_, from| gone.contains(&from));
        let why = why.clone();
        self.expected.push(Output::Gone { contexts, why });
    }

    pub(super) fn neighbours(&self) -> Vec<(LinkId, ContextId)> {
        let links = self.links.iter();
        links.map(|(link, it)| (*link, it.peer)).collect()
    }

    /// A link is gone.
    pub(super) fn down(&mut self, link: LinkId, why: Down) {
        let Some(lost) = self.links.remove(&link) else {
            return;
        };
        self.given.retain(|(_, _, whose)| *whose != link);
        self.blocks.remove(&link);
        self.talked.remove(&link);
        self.untold.forget(link);
        let why = if lost.leaves { Down::Detached } else { why };
        let why = self.dead(DeadReason::LinkDown(why));
        self.end_all(&why, |by, _| by == link);
        // Whoever leaves finishes what it was called for.
        if !(lost.up && self.leaving) {
            self.cancel_all(|by, _| by == link);
        }
        if lost.up {
            let contexts = self.parents.clone();
            self.expected.push(Output::Gone { contexts, why });
            if !self.leaving {
                self.expected.push(Output::Shutdown);
            }
        } else {
            let behind = self.below.iter().filter(|(_, (by, _))| *by == link);
            let gone: BTreeSet<_> = behind.map(|(it, _)| *it).collect();
            self.below.retain(|it, _| !gone.contains(it));
            self.vanished(&gone, &why, Word::Own);
        }
    }

    /// Nobody will answer these requests, or take what these senders send.
    fn end_all(&mut self, why: &Dead, is_lost: impl Fn(LinkId, ContextId) -> bool) {
        let open = std::mem::take(&mut self.open);
        let (lost, kept): (BTreeMap<_, _>, _) =
            open.into_iter().partition(|(_, thing)| match thing {
                Thing::Awaits { by, of, .. } => is_lost(*by, *of),
                Thing::Sends { by, to } => is_lost(*by, to.context),
                Thing::Receives(_) => false,
            });
        self.open = kept;
        for (sender, thing) in lost {
            match thing {
                Thing::Awaits { who, .. } => self.answered(who, Err(why.clone()), &[]),
                Thing::Sends { .. } => {
                    let why = why.clone();
                    self.expected.push(Output::Ended { sender, why });
                }
                Thing::Receives(_) => {}
            }
        }
    }

    fn cancel_all(&mut self, is_lost: impl Fn(LinkId, ContextId) -> bool) {
        let expected = &mut self.expected;
        self.jobs.retain(|call, job| {
            let lost = is_lost(job.by, job.from);
            if lost {
                expected.push(Output::Cancel { call: *call });
            }
            !lost
        });
    }

    /// A reply has come, or never will.
    pub(super) fn answered(&mut self, who: Who, reply: Result<Body, Dead>, did: &[Output]) {
        match who {
            Who::Shell(request) => self.expected.push(Output::Reply { request, reply }),
            Who::Ids => self.ids_came(reply, did),
            Who::IdsFor(link, context, at) => self.ids_came_for(link, (context, at), reply, did),
            Who::Leaving(link) => self.expected.push(Output::Detached { link }),
        }
    }
}
