//! Who has to say something when, and who is given up.

use super::support::{
    ALICE, BOB, FIRST, HEARTBEAT, MASTER, Sut, config, dead, frame, link, load, replied, send,
};
use proto::message::{DeadReason, Down};
use proto::router::{Config, Input, Output, Role, Router};
use proto::{Body, Handle};
use std::time::{Duration, Instant};

#[test]
fn a_ping_is_answered() {
    let mut slave = Sut::slave();
    let ping = frame(MASTER, ALICE, Handle::PING, Handle::NONE, &Body::empty());
    let pong = send(ALICE, MASTER, Handle::PONG, Handle::NONE, &Body::empty());
    assert_eq!(slave.frame(MASTER, ping), [pong]);
    // Whoever waits for the answer has it where it waits.
    let ping = frame(MASTER, ALICE, Handle::PING, FIRST, &Body::empty());
    let answer = send(ALICE, MASTER, FIRST, Handle::NONE, &Body::empty());
    assert_eq!(slave.frame(MASTER, ping), [answer]);
}

#[test]
fn a_context_says_something_in_every_quarter_of_the_limit() {
    let mut slave = Sut::slave();
    let start = slave.now;
    let pong = send(ALICE, MASTER, Handle::PONG, Handle::NONE, &Body::empty());
    for quarter in 1..=3 {
        assert_eq!(slave.wait(), std::slice::from_ref(&pong));
        assert_eq!(slave.now - start, HEARTBEAT / 4 * quarter);
    }
    // What was said a moment ago counts.
    slave.now += HEARTBEAT / 8;
    slave.input(Input::Heard { link: link(MASTER) });
    slave.ask(1, MASTER, Handle(7));
    let said = slave.now;
    assert_eq!(slave.wait(), [pong]);
    assert_eq!(slave.now - said, HEARTBEAT / 4);
}

#[test]
fn a_silent_peer_is_given_up_after_the_limit() {
    let mut master = Sut::master();
    let start = master.now;
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    let why = Down::Silent(4000);
    let mut outputs = Vec::new();
    while master.router.load().links == 2 {
        master.input(Input::Heard { link: link(BOB) });
        outputs = master.wait();
    }
    assert_eq!(master.now - start, HEARTBEAT);
    let lost = dead(DeadReason::LinkDown(why.clone()), MASTER);
    let ends = [
        replied(1, Err(lost)),
        Output::Close {
            link: link(ALICE),
            why,
        },
    ];
    assert_eq!(
        outputs.iter().filter(|it| ends.contains(it)).count(),
        2,
        "{outputs:?}"
    );
    assert_eq!(master.router.load(), load(0, 0, 1, 1));
}

#[test]
fn whoever_was_asleep_itself_does_not_take_its_peers_for_dead() {
    let mut master = Sut::master();
    master.now += 100 * HEARTBEAT;
    master.router.handle_timeout(master.now);
    let outputs = master.outputs();
    assert!(
        outputs.iter().all(|it| matches!(it, Output::Send { .. })),
        "{outputs:?}"
    );
    assert_eq!(master.router.load(), load(0, 0, 2, 2));
    // The words that waited for us are read now.
    for peer in [ALICE, BOB] {
        master.input(Input::Heard { link: link(peer) });
    }
    for _ in 0..3 {
        master.wait();
    }
    assert_eq!(master.router.load(), load(0, 0, 2, 2));
}

#[test]
fn a_limit_of_zero_means_never_and_one_beyond_all_time_is_no_panic() {
    for heartbeat in [Duration::ZERO, Duration::MAX] {
        let mut router = Router::new(Config {
            heartbeat,
            ..config(ALICE, &[MASTER])
        });
        let now = Instant::now();
        let (link, peer, role) = (link(MASTER), MASTER, Role::Parent);
        router.handle(now, Input::LinkUp { link, peer, role });
        let later = now + Duration::from_secs(1 << 30);
        assert!(router.poll_timeout().is_none_or(|(at, _)| at > later));
        router.handle_timeout(later);
        assert_eq!(router.poll_output(), None);
    }
}
