//! What children must still be told of contexts that are gone elsewhere.
//!
//! A child may let contexts come and go as fast as it can write, and whoever waits for one of them has to be told each time.
//! So that none of these must read as fast as that, or lose its link, what there is to tell is gathered, and told a few
//! times a second. The first time is at once.

use crate::message::{Dead, DeadReason, Down};
use crate::{ContextId, LinkId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long one child is told nothing more.
const PAUSE: Duration = Duration::from_millis(250);

/// Contexts that it is told of at once. With the pause that is no more than 14 KiB a second, of which a peer that takes
/// nothing at all for as long as links are borne has not yet too much.
const AT_ONCE: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Untold {
    links: BTreeMap<LinkId, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    contexts: BTreeSet<ContextId>,
    /// Why, of all of them.
    why: Dead,
    /// It was told something before: this is when it may be again.
    again: Option<Instant>,
}

impl Untold {
    /// These are gone, which who is behind that link has to learn.
    pub(super) fn add(&mut self, link: LinkId, contexts: BTreeSet<ContextId>, why: &Dead) {
        let waiting = self.links.entry(link).or_insert_with(|| Waiting {
            contexts: BTreeSet::new(),
            why: why.clone(),
            again: None,
        });
        if waiting.contexts.is_empty() {
            waiting.why = why.clone();
        } else if waiting.why != *why {
            // One word for all. Who noticed each, and what, would be as long as they like.
            waiting.why.reason = DeadReason::LinkDown(Down::Closed);
        }
        waiting.contexts.extend(contexts);
    }

    /// When something is to be told next.
    pub(super) fn next(&self) -> Option<Instant> {
        let waiting = self.links.values().filter(|it| !it.contexts.is_empty());
        waiting.filter_map(|it| it.again).min()
    }

    /// What is to be told now, and why.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(LinkId, Vec<ContextId>, Dead)> {
        let is_over = |it: &Waiting| it.again.is_none_or(|again| again <= now);
        self.links
            .retain(|_, it| !(it.contexts.is_empty() && is_over(it)));
        let mut due = Vec::new();
        for (link, it) in &mut self.links {
            if !it.contexts.is_empty() && is_over(it) {
                let later = it.contexts.iter().nth(AT_ONCE).copied();
                let later = later.map(|first| it.contexts.split_off(&first));
                let told = std::mem::replace(&mut it.contexts, later.unwrap_or_default());
                it.again = Some(now + PAUSE);
                due.push((*link, told.into_iter().collect(), it.why.clone()));
            }
        }
        due
    }

    pub(super) fn forget(&mut self, link: LinkId) {
        self.links.remove(&link);
    }

    /// Children that have something to learn.
    pub(super) fn len(&self) -> usize {
        let waiting = self.links.values().filter(|it| !it.contexts.is_empty());
        waiting.count()
    }
}
