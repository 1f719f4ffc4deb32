//! What children must still be told of contexts that are gone elsewhere.
//!
//! A child may let contexts come and go as fast as it can write, and whoever waits for one of them has to be told each time.
//! So that none of these must read as fast as that, or lose its link, what there is to tell is gathered, and told a few
//! times a second. The first time is at once. What each child says is told in the order in which it came, and in turn with
//! what the others say, so that nobody who says much delays the word of another.

use crate::message::{Dead, DeadReason, Down};
use crate::{ContextId, LinkId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// How long one child is told nothing more.
const PAUSE: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Untold {
    me: ContextId,
    /// Contexts that a child is told of at once.
    at_once: usize,
    /// By the child that is to be told.
    children: BTreeMap<LinkId, Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By the child that said so. None is empty.
    said: BTreeMap<LinkId, Said>,
    /// The same children, in the order in which one word of each is told.
    turns: VecDeque<LinkId>,
    /// The same contexts, all together.
    contexts: BTreeSet<ContextId>,
    /// It was told something before: this is when it may be again.
    again: Option<Instant>,
}

/// What one child has said.
#[derive(Debug)]
struct Said {
    contexts: VecDeque<ContextId>,
    /// Why, of all of them.
    why: Dead,
}

impl Untold {
    pub(super) fn new(me: ContextId, at_once: usize) -> Self {
        Self {
            me,
            at_once: at_once.max(1),
            children: BTreeMap::new(),
        }
    }

    /// `from` has said that these are gone, which who is behind `to` has to learn.
    pub(super) fn add(
        &mut self,
        (from, to): (LinkId, LinkId),
        contexts: BTreeSet<ContextId>,
        why: &Dead,
    ) {
        let waiting = self.children.entry(to).or_default();
        let new = contexts.into_iter();
        let new: Vec<_> = new.filter(|it| waiting.contexts.insert(*it)).collect();
        if new.is_empty() {
            return;
        }
        let said = waiting.said.entry(from).or_insert_with(|| {
            waiting.turns.push_back(from);
            Said {
                contexts: VecDeque::new(),
                why: why.clone(),
            }
        });
        join(&mut said.why, why, self.me);
        said.contexts.extend(new);
    }

    /// Must anybody still be told that this one is gone? If it came again now, that word would end what has to do with
    /// the new one.
    pub(super) fn contains(&self, context: ContextId) -> bool {
        let mut children = self.children.values();
        children.any(|it| it.contexts.contains(&context))
    }

    /// When something is to be told next.
    pub(super) fn next(&self) -> Option<Instant> {
        let waiting = self.children.values().filter(|it| !it.contexts.is_empty());
        waiting.filter_map(|it| it.again).min()
    }

    /// What is to be told now, and why.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(LinkId, Vec<ContextId>, Dead)> {
        let is_over = |it: &Waiting| it.again.is_none_or(|again| again <= now);
        self.children
            .retain(|_, it| !(it.contexts.is_empty() && is_over(it)));
        let mut due = Vec::new();
        for (child, it) in &mut self.children {
            if is_over(it)
                && let Some((contexts, why)) = it.take(self.at_once, self.me)
            {
                it.again = Some(now + PAUSE);
                due.push((*child, contexts, why));
            }
        }
        due
    }

    pub(super) fn forget(&mut self, child: LinkId) {
        self.children.remove(&child);
    }

    /// Children that have something to learn.
    pub(super) fn len(&self) -> usize {
        let waiting = self.children.values().filter(|it| !it.contexts.is_empty());
        waiting.count()
    }
}

impl Waiting {
    /// The next of them, one of each child's in turn, with one reason for all.
    fn take(&mut self, at_once: usize, me: ContextId) -> Option<(Vec<ContextId>, Dead)> {
        let mut taken = Vec::new();
        let mut reason: Option<Dead> = None;
        while taken.len() < at_once
            && let Some(from) = self.turns.pop_front()
            && let Some(said) = self.said.get_mut(&from)
        {
            match &mut reason {
                Some(reason) => join(reason, &said.why, me),
                None => reason = Some(said.why.clone()),
            }
            taken.extend(said.contexts.pop_front());
            if said.contexts.is_empty() {
                self.said.remove(&from);
            } else {
                self.turns.push_back(from);
            }
        }
        for context in &taken {
            self.contexts.remove(context);
        }
        Some((taken, reason?))
    }
}

/// One word for two reasons. Who noticed each, and what, would be as long as they like.
fn join(reason: &mut Dead, other: &Dead, me: ContextId) {
    if reason != other {
        *reason = Dead {
            reason: DeadReason::LinkDown(Down::Closed),
            at: me,
        };
    }
}
