//! A tree in which contexts may talk to others that are neither above nor below them.

use super::support::{
    ALICE, BOB, CAROL, FIRST, MASTER, Sut, config, dead, died, encoded, frame, lost, replied, send,
    send_over, text, violation,
};
use proto::message::{Address, DeadReason, DelRoute, Down};
use proto::router::{Config, Output, Role, Violation};
use proto::{Body, ContextId, Frame, Handle};

fn open(me: ContextId, parents: &[ContextId]) -> Config {
    Config {
        siblings: true,
        ..config(me, parents)
    }
}

/// A master with two slaves that may talk to each other.
fn master() -> Sut {
    let mut sut = Sut::with(open(MASTER, &[]));
    sut.up(ALICE, Role::Child);
    sut.up(BOB, Role::Child);
    sut
}

/// A slave with a child.
fn relay() -> Sut {
    let mut sut = Sut::with(open(ALICE, &[MASTER]));
    sut.up(MASTER, Role::Parent);
    sut.up(BOB, Role::Child);
    sut
}

fn service(src: ContextId, dst: ContextId) -> Frame {
    frame(src, dst, Handle::CALL_SERVICE, FIRST, &text("service"))
}

/// What a parent says to a child about contexts that are gone.
fn told(src: ContextId, dst: ContextId, went: &DelRoute) -> Output {
    let body = encoded(went);
    let said = frame(src, dst, Handle::DEL_ROUTE, Handle::NONE, &body);
    send_over(dst, said)
}

fn went(contexts: &[ContextId], at: ContextId) -> DelRoute {
    DelRoute {
        contexts: contexts.to_vec(),
        why: dead(DeadReason::LinkDown(Down::Closed), at),
    }
}

#[test]
fn what_one_child_sends_to_another_is_passed_on() {
    let mut master = master();
    let ask = service(ALICE, BOB);
    assert_eq!(master.frame(ALICE, ask.clone()), [send_over(BOB, ask)]);
}

#[test]
fn both_ends_hear_when_the_other_goes() {
    for (goes, stays) in [(ALICE, BOB), (BOB, ALICE)] {
        let mut master = master();
        master.frame(ALICE, service(ALICE, BOB));
        let outputs = master.down(goes);
        let told = told(MASTER, stays, &went(&[goes], MASTER));
        assert!(outputs.contains(&told), "{outputs:?}");
        assert_eq!(master.router.load().notes, 1);
    }
}

#[test]
fn whoever_has_nothing_to_do_with_it_hears_nothing() {
    let mut master = master();
    let outputs = master.down(ALICE);
    assert!(matches!(outputs[..], [Output::Gone { .. }]), "{outputs:?}");
}

#[test]
fn a_hop_passes_the_word_on_to_whoever_asked() {
    let mut slave = relay();
    slave.give_ids(BOB);
    slave.announce(BOB, CAROL, BOB);
    let other = ContextId(900);
    slave.frame(BOB, service(CAROL, other));
    let news = encoded(&lost(&[other]));
    let said = frame(MASTER, ALICE, Handle::DEL_ROUTE, Handle::NONE, &news);
    let outputs = slave.frame(MASTER, said.clone());
    let why = lost(&[]).why;
    let contexts = vec![other];
    assert_eq!(
        outputs,
        [
            told(ALICE, BOB, &lost(&[other])),
            Output::Gone { contexts, why }
        ]
    );
    // Once is enough.
    let outputs = slave.frame(MASTER, said);
    assert!(matches!(outputs[..], [Output::Gone { .. }]), "{outputs:?}");
}

#[test]
fn whoever_asks_again_later_hears_again() {
    let mut slave = relay();
    let other = ContextId(900);
    let news = encoded(&lost(&[other]));
    let said = frame(MASTER, ALICE, Handle::DEL_ROUTE, Handle::NONE, &news);
    for _ in 0..2 {
        slave.frame(BOB, service(BOB, other));
        let outputs = slave.frame(MASTER, said.clone());
        assert!(outputs.contains(&told(ALICE, BOB, &lost(&[other]))));
    }
}

#[test]
fn a_request_to_a_context_elsewhere_ends_with_it() {
    let mut slave = relay();
    let other = ContextId(900);
    slave.ask(1, other, Handle::CALL_SERVICE);
    let call = service(other, ALICE);
    slave.frame(MASTER, call);
    let news = encoded(&lost(&[other]));
    let said = frame(MASTER, ALICE, Handle::DEL_ROUTE, Handle::NONE, &news);
    let why = lost(&[]).why;
    assert_eq!(
        slave.frame(MASTER, said),
        [
            replied(1, Err(why.clone())),
            Output::Cancel {
                call: proto::CallId(1)
            },
            Output::Gone {
                contexts: vec![other],
                why
            }
        ]
    );
}

#[test]
fn a_parent_does_not_take_away_what_is_below_or_above() {
    let mut slave = relay();
    let news = encoded(&lost(&[MASTER, ALICE, BOB]));
    let said = frame(MASTER, ALICE, Handle::DEL_ROUTE, Handle::NONE, &news);
    assert_eq!(slave.frame(MASTER, said), []);
    assert_eq!(slave.router.load().routes, 1);
}

#[test]
fn nobody_needs_to_hear_of_those_above() {
    let mut slave = relay();
    slave.frame(BOB, service(BOB, MASTER));
    assert_eq!(slave.router.load().notes, 0);
}

#[test]
fn whoever_talks_to_more_than_anybody_remembers_hears_of_all() {
    let mut master = master();
    for id in 10_000..15_000 {
        let lost = died(
            MASTER,
            ALICE,
            FIRST,
            DeadReason::NoRoute(ContextId(id)),
            MASTER,
        );
        assert_eq!(
            master.frame(ALICE, service(ALICE, ContextId(id))),
            [send_over(ALICE, lost)],
            "nobody is there, and nothing is remembered of it"
        );
    }
    assert_eq!(master.router.load().notes, 0);
    let mut slave = relay();
    for id in 10_000..15_000 {
        slave.frame(BOB, service(BOB, ContextId(id)));
    }
    let never = ContextId(99_999);
    let news = encoded(&lost(&[never]));
    let said = frame(MASTER, ALICE, Handle::DEL_ROUTE, Handle::NONE, &news);
    for _ in 0..2 {
        let outputs = slave.frame(MASTER, said.clone());
        assert!(outputs.contains(&told(ALICE, BOB, &lost(&[never]))));
    }
}

#[test]
fn a_context_elsewhere_cannot_say_that_one_above_died() {
    let parent = ContextId(5);
    let mut slave = Sut::with(open(ALICE, &[parent, MASTER]));
    slave.up(parent, Role::Parent);
    slave.ask(1, parent, Handle::CALL_SERVICE);
    for src in [ContextId(900), MASTER] {
        let forged = died(src, ALICE, FIRST, DeadReason::Busy, src);
        let broken = violation(parent, Violation::UnexpectedReply { src });
        assert_eq!(slave.frame(parent, forged), [broken]);
    }
}

#[test]
fn a_context_elsewhere_cannot_say_that_another_one_there_died() {
    let (parent, liar, other) = (ContextId(5), ContextId(900), ContextId(901));
    let mut slave = Sut::with(open(ALICE, &[parent, MASTER]));
    slave.up(parent, Role::Parent);
    // Handles are easily guessed.
    let died = |src, at| died(src, ALICE, at, DeadReason::NoRoute(other), src);
    let broken = || violation(parent, Violation::UnexpectedReply { src: liar });
    for (n, handle) in [(0, Handle::PING), (1, Handle::CALL_SERVICE)] {
        // Those above may, and that one itself.
        for (m, src) in [(0, MASTER), (1, parent), (2, other)] {
            let request = 3 * n + m;
            let at = Handle(FIRST.0 + request);
            slave.ask(request.into(), other, handle);
            assert_eq!(slave.frame(parent, died(liar, at)), [broken()]);
            let why = dead(DeadReason::NoRoute(other), src);
            let outputs = slave.frame(parent, died(src, at));
            assert_eq!(outputs, [replied(request.into(), Err(why))]);
        }
    }
    let to = Address {
        context: other,
        handle: FIRST,
    };
    let sender = slave.router.open(to).unwrap();
    assert_eq!(slave.frame(parent, died(liar, sender)), [broken()]);
    let why = dead(DeadReason::NoRoute(other), parent);
    let outputs = slave.frame(parent, died(parent, sender));
    assert_eq!(outputs, [Output::Ended { sender, why }]);
}

#[test]
fn a_context_elsewhere_has_no_authority() {
    let mut slave = relay();
    let call = frame(
        ContextId(900),
        ALICE,
        Handle::CALL_FUNCTION,
        FIRST,
        &Body::empty(),
    );
    let refused = died(
        ALICE,
        ContextId(900),
        FIRST,
        DeadReason::Unauthorised,
        ALICE,
    );
    let outputs = slave.frame(MASTER, call);
    assert_eq!(outputs[1..], [send_over(MASTER, refused)]);
    let ping = frame(MASTER, ALICE, Handle::PING, Handle::NONE, &Body::empty());
    let pong = send(ALICE, MASTER, Handle::PONG, Handle::NONE, &Body::empty());
    assert_eq!(slave.frame(MASTER, ping), [pong]);
}
