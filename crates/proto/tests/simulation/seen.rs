//! What happened in all simulations together.

use proto::router::Violation;
use std::collections::BTreeMap;

/// How often which thing happened: a simulation in which nothing happens proves nothing.
#[derive(Default)]
pub struct Seen(BTreeMap<&'static str, u64>);

/// What must have happened.
const EXPECTED: [&str; 64] = [
    "abandoned",
    "allocated",
    "allocated: none",
    "cancelled",
    "channel: abandoned by its receiver",
    "channel: aborted",
    "channel: credit",
    "channel: ended whole",
    "channel: ended: closed",
    "channel: ended: invalid handle",
    "channel: ended: link down",
    "channel: ended: no route",
    "channel: ended: overrun",
    "channel: ended: unauthorised",
    "channel: gone",
    "channel: message",
    "channel: overrun",
    "channel: piece",
    "channel: waits for credit",
    "comes again too soon",
    "corrupted",
    "dead: busy",
    "dead: crashed",
    "dead: detached",
    "dead: forged",
    "dead: invalid handle",
    "dead: link down",
    "dead: no route",
    "dead: unauthorised",
    "declined",
    "delivered",
    "detached",
    "detaching",
    "ended with its context",
    "failed",
    "finished",
    "finished after cancel",
    "gone",
    "gone elsewhere",
    "joined",
    "joined six deep",
    "link: closed",
    "link: corrupt",
    "link: refused",
    "link: silent",
    "link: too much waits",
    "paused",
    "returned",
    "shut down",
    "told in parts",
    "violation: foreign id",
    "violation: malformed",
    "violation: no parent",
    "violation: not a child",
    "violation: not a parent",
    "violation: not accepted",
    "violation: sideways",
    "violation: spoofed authority",
    "violation: spoofed source",
    "violation: too many routes",
    "violation: unexpected bulk",
    "violation: unexpected reply",
    "waits for room",
    "with siblings",
];

impl Seen {
    pub fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    pub fn assert_nothing_was_missed(&self) {
        let rare: Vec<_> = EXPECTED
            .iter()
            .filter(|what| self.0.get(*what).is_none_or(|times| *times < 10))
            .collect();
        assert!(
            rare.is_empty(),
            "happened too rarely: {rare:?}: {:#?}",
            self.0
        );
    }
}

/// What it is called when a rule was broken.
pub fn name(violation: Violation) -> &'static str {
    match violation {
        Violation::SpoofedSource(_) => "violation: spoofed source",
        Violation::SpoofedAuthority(_) => "violation: spoofed authority",
        Violation::NotAParent { .. } => "violation: not a parent",
        Violation::NotAChild { .. } => "violation: not a child",
        Violation::Sideways { .. } => "violation: sideways",
        Violation::ForeignId { .. } => "violation: foreign id",
        Violation::NoParent { .. } => "violation: no parent",
        Violation::TooManyRoutes { .. } => "violation: too many routes",
        Violation::Malformed { .. } => "violation: malformed",
        Violation::NotAccepted { .. } => "violation: not accepted",
        Violation::UnexpectedBulk { .. } => "violation: unexpected bulk",
        Violation::UnexpectedReply { .. } => "violation: unexpected reply",
    }
}
