//! What happened in all simulations together.

use std::collections::BTreeMap;

/// How often which thing happened: a simulation in which nothing happens proves nothing.
#[derive(Default)]
pub struct Seen(BTreeMap<&'static str, u64>);

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
        let expected = [
            "abandoned",
            "cancelled",
            "corrupted",
            "dead: busy",
            "dead: forged",
            "dead: invalid handle",
            "dead: link down",
            "dead: no route",
            "dead: unauthorised",
            "delivered",
            "finished",
            "finished after cancel",
            "joined late",
            "link: closed",
            "link: corrupt",
            "link: silent",
            "returned",
            "shut down",
            "violation",
        ];
        for what in expected {
            let times = self.0.get(what).copied().unwrap_or(0);
            assert!(
                times >= 10,
                "{what} happened only {times} times: {:?}",
                self.0
            );
        }
    }
}
