//! Credit: nobody waits for ever, and nobody holds more than was agreed, whatever overtakes what.

#[path = "support/rng.rs"]
mod rng;

use proto::flow::{Allowance, Overrun, Window, cost};
use proto::message::INITIAL_CREDIT;
use rng::Rng;
use std::collections::VecDeque;

/// The longest body of a frame.
const LONGEST: usize = 1 << 20;

/// A sender and a receiver, and what is on its way between them.
struct Channel {
    sender: Allowance,
    receiver: Window,
    size: u64,
    frames: VecDeque<u64>,
    grants: VecDeque<u64>,
    waiting: VecDeque<u64>,
}

impl Channel {
    fn new(size: u64) -> Self {
        let (receiver, grant) = Window::new(size);
        Self {
            sender: Allowance::default(),
            receiver,
            size: size.max(INITIAL_CREDIT),
            frames: VecDeque::new(),
            grants: VecDeque::from([grant]),
            waiting: VecDeque::new(),
        }
    }

    fn send(&mut self, cost: u64) -> bool {
        let may = self.sender.is_left();
        if may {
            self.sender.spend(cost);
            self.frames.push_back(cost);
        }
        may
    }

    fn arrive(&mut self) {
        if let Some(cost) = self.frames.pop_front() {
            assert_eq!(self.receiver.came(cost), Ok(()));
            self.waiting.push_back(cost);
        }
    }

    fn take(&mut self) {
        if let Some(cost) = self.waiting.pop_front()
            && let Some(grant) = self.receiver.took(cost)
        {
            self.grants.push_back(grant);
        }
    }

    fn grant(&mut self) {
        if let Some(bytes) = self.grants.pop_front() {
            self.sender.grant(bytes, u64::MAX);
        }
    }

    /// What is on its way and what waits, beside the frame that came last.
    fn check(&self) {
        let held = self.frames.iter().chain(&self.waiting);
        let last = self.frames.back().or(self.waiting.back());
        let others = held.sum::<u64>() - last.copied().unwrap_or(0);
        assert!(others < self.size, "{others} of {}", self.size);
    }
}

#[test]
fn the_sender_never_waits_for_ever_and_the_receiver_never_holds_more_than_the_window_and_a_frame() {
    for seed in 0..500 {
        let mut rng = Rng::new(seed);
        let size = *rng.pick(&[0, 1, INITIAL_CREDIT, 300_000, 1 << 20, 4 << 20]);
        let mut channel = Channel::new(size);
        let longest = *rng.pick(&[1, 100, 70_000, LONGEST]);
        let mut sent = 0;
        for _ in 0..400 {
            match rng.below(4) {
                0 if rng.percent(90) => {
                    let frame = cost(rng.below(longest));
                    sent += usize::from(channel.send(frame));
                }
                1 => channel.arrive(),
                2 => channel.take(),
                _ => channel.grant(),
            }
            channel.check();
        }
        assert!(sent > 0);
        // Once all has come and was taken, and all grants have come, the sender may send.
        while !(channel.frames.is_empty() && channel.waiting.is_empty()) {
            channel.arrive();
            channel.take();
        }
        while !channel.grants.is_empty() {
            channel.grant();
        }
        assert!(channel.send(1), "seed {seed} waits for ever");
    }
}

#[test]
fn a_frame_longer_than_the_window_can_be_sent_and_the_next_one_waits() {
    let mut channel = Channel::new(0);
    assert!(channel.send(cost(LONGEST)));
    assert!(!channel.send(1));
    channel.grant();
    assert!(!channel.send(1));
    channel.arrive();
    channel.take();
    channel.grant();
    assert!(channel.send(1));
}

#[test]
fn whoever_sends_without_credit_is_found_out() {
    let (mut window, grant) = Window::new(0);
    assert_eq!(grant, 0);
    assert_eq!(window.came(INITIAL_CREDIT - 1), Ok(()));
    assert_eq!(window.came(u64::MAX), Ok(()), "the last one may overdraw");
    assert_eq!(window.came(1), Err(Overrun));
}

#[test]
fn grants_beyond_all_measure_do_no_harm() {
    let mut sender = Allowance::default();
    for _ in 0..1000 {
        sender.grant(u64::MAX, 1 << 40);
    }
    sender.spend(1 << 40);
    assert!(!sender.is_left(), "no more than the bound counts");
    sender.grant(1, 1 << 40);
    assert!(sender.is_left());
    let (mut window, grant) = Window::new(u64::MAX);
    assert_eq!(grant, u64::MAX - INITIAL_CREDIT);
    for _ in 0..10 {
        assert_eq!(window.came(1 << 40), Ok(()));
        assert_eq!(window.took(1 << 40), None);
    }
}

#[test]
fn what_was_overdrawn_is_repaid_though_grants_have_a_bound() {
    let mut sender = Allowance::default();
    sender.spend(100 << 20);
    sender.grant(100 << 20, 16 << 20);
    assert!(sender.is_left());
}

#[test]
fn grants_come_in_portions() {
    let (mut window, _) = Window::new(0);
    let piece = INITIAL_CREDIT / 8;
    for turn in 1..=16 {
        assert_eq!(window.came(piece), Ok(()));
        let expected = (turn % 4 == 0).then_some(4 * piece);
        assert_eq!(window.took(piece), expected);
    }
}
