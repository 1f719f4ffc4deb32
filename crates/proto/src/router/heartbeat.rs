//! Finds peers that hang: each side says something every quarter of the limit, and gives the other up
//! when all four quarters passed without a word.
//!
//! Nobody has to ask first. The peer's sign of life would otherwise wait for a question that is stuck
//! behind a long transfer on a slow line, and a healthy link would be given up.

use crate::LinkId;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A peer is given up after this many intervals without a word.
const INTERVALS: u32 = 4;

#[derive(Debug)]
pub(super) struct Heartbeat {
    limit: Duration,
    links: BTreeMap<LinkId, Pulse>,
}

#[derive(Debug)]
struct Pulse {
    heard: Instant,
    sent: Instant,
    /// When it was last seen whether anything was heard.
    checked: Instant,
    /// Intervals without a word, each seen to its end.
    missed: u32,
}

/// What is to be done now.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// On these links this context has to say something.
    pub(super) speak: Vec<LinkId>,
    /// On these nothing was heard for so long.
    pub(super) dead: Vec<(LinkId, Duration)>,
}

impl Heartbeat {
    /// A limit of zero means that no link is ever given up.
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            links: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, now: Instant, link: LinkId) {
        let pulse = Pulse {
            heard: now,
            sent: now,
            checked: now,
            missed: 0,
        };
        self.links.insert(link, pulse);
    }

    pub(super) fn remove(&mut self, link: LinkId) {
        self.links.remove(&link);
    }

    pub(super) fn heard(&mut self, now: Instant, link: LinkId) {
        if let Some(pulse) = self.links.get_mut(&link) {
            pulse.heard = now;
            pulse.checked = now;
            pulse.missed = 0;
        }
    }

    pub(super) fn sent(&mut self, now: Instant, link: LinkId) {
        if let Some(pulse) = self.links.get_mut(&link) {
            pulse.sent = now;
        }
    }

    /// The next moment at which [`due`](Self::due) has something to say.
    pub(super) fn next(&self) -> Option<Instant> {
        let interval = self.interval()?;
        let first = |pulse: &Pulse| pulse.sent.min(pulse.checked).checked_add(interval);
        self.links.values().filter_map(first).min()
    }

    /// What has to be done. An interval counts as silent only if somebody looked at its end: a process
    /// that was itself stopped for a minute does not take its peers for dead.
    pub(super) fn due(&mut self, now: Instant) -> Due {
        let mut due = Due::default();
        let Some(interval) = self.interval() else {
            return due;
        };
        for (link, pulse) in &mut self.links {
            if now.saturating_duration_since(pulse.checked) >= interval {
                pulse.checked = now;
                pulse.missed += 1;
            }
            if pulse.missed >= INTERVALS {
                let silence = now.saturating_duration_since(pulse.heard);
                due.dead.push((*link, silence));
            } else if now.saturating_duration_since(pulse.sent) >= interval {
                due.speak.push(*link);
            }
        }
        due
    }

    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    fn interval(&self) -> Option<Duration> {
        let interval = self.limit / INTERVALS;
        (!interval.is_zero()).then_some(interval)
    }
}
