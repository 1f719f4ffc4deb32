//! What children must still be told of contexts that are gone because another child said so: a few at once, in the order
//! in which each of them said it, and of none of them more than of another that has something left. When is the router's
//! to say, and with whom it begins.

use super::Model;
use super::routes::del;
use crate::network::LIMITS;
use proto::message::{Dead, DeadReason, DelRoute, Down};
use proto::router::Output;
use proto::{Body, ContextId, Handle, LinkId};
use std::collections::BTreeMap;

/// By who is to be told, and who said it: the contexts, and why they are gone.
#[derive(Default)]
pub(super) struct Untold(BTreeMap<(LinkId, LinkId), (Vec<ContextId>, Dead)>);

impl Untold {
    pub(super) fn add(
        &mut self,
        me: ContextId,
        (from, to): (LinkId, LinkId),
        about: &[ContextId],
        why: &Dead,
    ) {
        let said = self.0.entry((to, from));
        let (gone, reason) = said.or_insert_with(|| (Vec::new(), why.clone()));
        if reason != why {
            *reason = several(me);
        }
        gone.extend(about);
    }

    pub(super) fn forget(&mut self, to: LinkId) {
        self.0.retain(|(it, _), _| *it != to);
    }

    /// Takes what a child was told. Gives why they are gone, in the words that it must have been told.
    fn take(&mut self, me: ContextId, child: LinkId, told: &[ContextId], at_once: usize) -> Dead {
        let mut why: Option<Dead> = None;
        let mut shares = Vec::new();
        for ((to, _), (gone, reason)) in &mut self.0 {
            if *to != child {
                continue;
            }
            let theirs: Vec<_> = told
                .iter()
                .filter(|it| gone.contains(it))
                .copied()
                .collect();
            assert_eq!(gone[..theirs.len()], theirs, "the later before the earlier");
            gone.drain(..theirs.len());
            shares.push((theirs.len(), gone.len()));
            if !theirs.is_empty() {
                let other = why.get_or_insert_with(|| reason.clone());
                if other != reason {
                    *other = several(me);
                }
            }
        }
        self.0.retain(|_, (gone, _)| !gone.is_empty());
        let all: usize = shares.iter().map(|(taken, _)| taken).sum();
        assert_eq!(all, told.len(), "more is gone than anybody said");
        let most = shares.iter().map(|(taken, _)| *taken).max();
        let is_fair = |(taken, left): &(usize, usize)| *left == 0 || Some(taken + 1) >= most;
        assert!(
            shares.iter().all(is_fair),
            "some wait for others: {shares:?}"
        );
        let all_told = shares.iter().all(|(_, left)| *left == 0);
        assert!(all == at_once || all_told, "it keeps something back");
        assert!(all <= at_once, "more than it may say at once");
        why.expect("it is told of somebody")
    }
}

/// Why, where there are several reasons.
fn several(at: ContextId) -> Dead {
    let reason = DeadReason::LinkDown(Down::Closed);
    Dead { reason, at }
}

impl Model {
    /// If it has told a child something that is not foreseen otherwise, that must be what was gathered for it.
    pub(super) fn told(&mut self, did: &[Output]) {
        for (child, peer) in self.neighbours() {
            let Some(contexts) = self.word_for(child, did) else {
                continue;
            };
            let why = self
                .untold
                .take(self.me, child, &contexts, self.quotas.told);
            let body = del(contexts, &why);
            self.send_over(child, peer, Handle::DEL_ROUTE, Handle::NONE, &body);
        }
        if !self.untold.0.is_empty() && did.contains(&Output::Rearm) {
            self.expected.push(Output::Rearm);
        }
    }

    /// Whom a child was told of, beside what must be said at once.
    fn word_for(&self, child: LinkId, did: &[Output]) -> Option<Vec<ContextId>> {
        let mut others = self.expected.iter().collect::<Vec<_>>();
        let frame = did.iter().find_map(|output| match output {
            Output::Send { link, frame } if *link == child => {
                if let Some(found) = others.iter().position(|it| *it == output) {
                    others.remove(found);
                    return None;
                }
                (frame.header.handle == Handle::DEL_ROUTE).then_some(frame)
            }
            _ => None,
        })?;
        let body = Body::raw(frame.header.flags, frame.body.clone());
        let DelRoute { contexts, .. } = body.decode(LIMITS).expect("the router can write");
        Some(contexts)
    }

    /// Must a child still be told that this one is gone?
    pub fn is_untold(&self, context: ContextId) -> bool {
        let mut gone = self.untold.0.values();
        gone.any(|(gone, _)| gone.contains(&context))
    }

    /// Nobody waits to be told of anybody.
    pub fn has_told_all(&self) -> bool {
        self.untold.0.is_empty()
    }
}
