//! Contexts that come and go further below.

use super::support::{
    ALICE, BOB, CAROL, DAVE, FIRST, MASTER, Sut, config, dead, died, encoded, frame, link, lost,
    replied, send, send_over, text, violation,
};
use proto::message::{AddRoute, Dead, DeadReason, DelRoute, Down};
use proto::router::{Config, Input, Output, Quotas, Role, Violation};
use proto::{Body, CallId, ContextId, Handle};

/// A slave whose child BOB has announced CAROL, and below her DAVE.
fn grandparent() -> Sut {
    let mut sut = Sut::relay();
    sut.give_ids(BOB);
    sut.announce(BOB, CAROL, BOB);
    sut.announce(BOB, DAVE, CAROL);
    sut
}

fn says(handle: Handle, body: &Body) -> Output {
    send(ALICE, MASTER, handle, Handle::NONE, body)
}

fn gone(contexts: &[ContextId], why: Dead) -> Output {
    let contexts = contexts.to_vec();
    Output::Gone { contexts, why }
}

#[test]
fn a_child_that_comes_is_announced_to_the_parent() {
    let mut slave = Sut::slave();
    let (link, peer, role) = (link(BOB), BOB, Role::Child);
    let came = AddRoute {
        context: BOB,
        parent: ALICE,
    };
    let joined = Output::Joined {
        context: BOB,
        parent: ALICE,
    };
    assert_eq!(
        slave.input(Input::LinkUp { link, peer, role }),
        [says(Handle::ADD_ROUTE, &encoded(&came)), joined]
    );
}

#[test]
fn a_context_further_below_is_announced_and_reached_through_its_hop() {
    let mut slave = Sut::relay();
    slave.give_ids(BOB);
    let (context, parent) = (CAROL, BOB);
    let came = encoded(&AddRoute { context, parent });
    assert_eq!(
        slave.announce(BOB, CAROL, BOB),
        [
            says(Handle::ADD_ROUTE, &came),
            Output::Joined { context, parent }
        ]
    );
    let call = frame(MASTER, CAROL, Handle::CALL_FUNCTION, FIRST, &text("call"));
    assert_eq!(slave.frame(MASTER, call.clone()), [send_over(BOB, call)]);
    let outcome = frame(CAROL, MASTER, FIRST, Handle::NONE, &text("outcome"));
    assert_eq!(
        slave.frame(BOB, outcome.clone()),
        [send_over(MASTER, outcome)]
    );
    let routes: Vec<_> = slave.router.routes().collect();
    assert_eq!(routes, [(BOB, ALICE, link(BOB)), (CAROL, BOB, link(BOB))]);
}

#[test]
fn an_id_that_was_not_given_to_the_link_is_refused() {
    let mut master = Sut::master();
    master.give_ids(ALICE);
    let given = master.router.routes().count();
    for context in [MASTER, ALICE, BOB, ContextId(5000), ContextId::UNASSIGNED] {
        let src = BOB;
        let refused = violation(BOB, Violation::ForeignId { src, context });
        assert_eq!(master.announce(BOB, context, BOB), [refused]);
    }
    // Not even one that belongs to the other child.
    let src = BOB;
    let context = CAROL;
    let refused = violation(BOB, Violation::ForeignId { src, context });
    assert_eq!(master.announce(BOB, context, BOB), [refused]);
    assert_eq!(master.router.routes().count(), given);
}

#[test]
fn a_context_that_is_there_is_not_announced_again() {
    let mut slave = grandparent();
    let (src, context) = (BOB, CAROL);
    let refused = violation(BOB, Violation::ForeignId { src, context });
    assert_eq!(slave.announce(BOB, CAROL, BOB), [refused]);
}

#[test]
fn a_context_below_nobody_is_refused() {
    let mut slave = Sut::relay();
    slave.give_ids(BOB);
    for parent in [CAROL, MASTER, ALICE, DAVE] {
        let (src, context) = (BOB, DAVE);
        let refused = violation(BOB, Violation::NoParent { src, context });
        assert_eq!(slave.announce(BOB, DAVE, parent), [refused]);
    }
}

#[test]
fn more_contexts_than_may_be_behind_a_link_are_refused() {
    let quotas = Quotas {
        routes: 2,
        ..Quotas::default()
    };
    let mut slave = Sut::with(Config {
        quotas,
        ..config(ALICE, &[MASTER])
    });
    slave.up(MASTER, Role::Parent);
    slave.up(BOB, Role::Child);
    slave.give_ids(BOB);
    assert_eq!(slave.announce(BOB, CAROL, BOB).len(), 2);
    let refused = violation(BOB, Violation::TooManyRoutes { src: BOB });
    assert_eq!(slave.announce(BOB, DAVE, BOB), [refused]);
    // Room that was made is room.
    slave.lose(BOB, &[CAROL]);
    assert_eq!(slave.announce(BOB, DAVE, BOB).len(), 2);
}

#[test]
fn a_route_that_cannot_be_read_changes_nothing() {
    let mut slave = grandparent();
    for handle in [Handle::ADD_ROUTE, Handle::DEL_ROUTE] {
        let src = BOB;
        let broken = violation(BOB, Violation::Malformed { src, handle });
        let said = frame(BOB, ALICE, handle, Handle::NONE, &text("\u{7}"));
        assert_eq!(slave.frame(BOB, said), [broken]);
    }
    assert_eq!(slave.router.load().routes, 3);
}

#[test]
fn a_child_of_an_id_that_is_taken_is_sent_away() {
    let mut slave = grandparent();
    for peer in [ALICE, BOB, CAROL, MASTER] {
        let (link, role) = (proto::LinkId(77), Role::Child);
        let outputs = slave.input(Input::LinkUp { link, peer, role });
        let [
            Output::Close {
                why: Down::Corrupt(_),
                ..
            },
        ] = &outputs[..]
        else {
            panic!("{outputs:?}");
        };
    }
    assert_eq!(slave.router.load().links, 2);
}

#[test]
fn whoever_goes_takes_along_what_is_below_it() {
    let mut slave = grandparent();
    slave.ask(1, DAVE, Handle::CALL_FUNCTION);
    let service = frame(DAVE, ALICE, Handle::CALL_SERVICE, FIRST, &text("service"));
    slave.frame(BOB, service);
    let DelRoute { why, .. } = lost(&[]);
    assert_eq!(
        slave.lose(BOB, &[CAROL]),
        [
            says(Handle::DEL_ROUTE, &encoded(&lost(&[CAROL, DAVE]))),
            replied(1, Err(why.clone())),
            Output::Cancel { call: CallId(1) },
            gone(&[CAROL, DAVE], why),
        ]
    );
    assert_eq!(slave.router.load().routes, 1);
}

#[test]
fn a_link_that_goes_takes_along_all_behind_it() {
    let mut slave = grandparent();
    let why = dead(DeadReason::LinkDown(Down::Closed), ALICE);
    let contexts = vec![BOB, CAROL, DAVE];
    let went = DelRoute {
        contexts: contexts.clone(),
        why: why.clone(),
    };
    assert_eq!(
        slave.down(BOB),
        [
            says(Handle::DEL_ROUTE, &encoded(&went)),
            gone(&contexts, why)
        ]
    );
    let load = slave.router.load();
    assert_eq!((load.routes, load.links, load.notes), (0, 1, 0));
    // And nobody can come with their ids any more.
    slave.up(BOB, Role::Child);
    let (src, context) = (BOB, CAROL);
    let refused = violation(BOB, Violation::ForeignId { src, context });
    assert_eq!(slave.announce(BOB, CAROL, BOB), [refused]);
}

#[test]
fn nobody_takes_away_what_is_not_behind_it() {
    let mut master = Sut::master();
    master.give_ids(ALICE);
    master.announce(ALICE, CAROL, ALICE);
    assert_eq!(
        master.lose(BOB, &[MASTER, ALICE, BOB, CAROL, DAVE]),
        [],
        "as long as its link is there, so is the child itself"
    );
    assert_eq!(master.router.load().routes, 3);
}

#[test]
fn a_context_that_went_may_come_again() {
    let mut slave = grandparent();
    slave.lose(BOB, &[CAROL]);
    assert_eq!(slave.announce(BOB, CAROL, BOB).len(), 2);
    // Not so one below it that went with it.
    assert_eq!(slave.router.load().routes, 2);
}

#[test]
fn whoever_is_not_there_any_more_is_asked_in_vain() {
    let mut slave = grandparent();
    slave.lose(BOB, &[CAROL]);
    let ask = frame(MASTER, DAVE, Handle::CALL_FUNCTION, FIRST, &text("call"));
    let no_route = died(ALICE, MASTER, FIRST, DeadReason::NoRoute(DAVE), ALICE);
    assert_eq!(slave.frame(MASTER, ask), [send_over(MASTER, no_route)]);
}

#[test]
fn a_long_list_goes_in_pieces_and_a_long_reason_in_few_words() {
    let quotas = Quotas {
        routes: 10_000,
        ..Quotas::default()
    };
    let mut slave = Sut::with(Config {
        quotas,
        ..config(ALICE, &[MASTER])
    });
    slave.up(MASTER, Role::Parent);
    slave.up(BOB, Role::Child);
    for first in (501..5501).step_by(1000) {
        slave.give_block(BOB, first);
    }
    slave.announce(BOB, CAROL, BOB);
    for id in CAROL.0 + 1..5501 {
        slave.announce(BOB, ContextId(id), CAROL);
    }
    let went = DelRoute {
        contexts: vec![CAROL],
        why: dead(
            DeadReason::LinkDown(Down::Io("x".repeat(60_000))),
            ContextId(9),
        ),
    };
    let said = frame(BOB, ALICE, Handle::DEL_ROUTE, Handle::NONE, &encoded(&went));
    let outputs = slave.frame(BOB, said);
    let mut names = Vec::new();
    for output in &outputs {
        if let Output::Send { frame, .. } = output {
            assert!(frame.body.len() < 32 << 10, "{} bytes", frame.body.len());
            let body = Body::raw(frame.header.flags, frame.body.clone());
            let piece: DelRoute = body.decode(proto::Limits::default()).unwrap();
            assert_eq!(piece.why.at, ContextId(9));
            names.push(piece.contexts.len());
        }
    }
    assert_eq!(names, [4096, 4999 - 4096]);
    assert_eq!(slave.router.load().routes, 1);
}
