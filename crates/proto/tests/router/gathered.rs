//! What children are told of contexts that are gone because another child said so: a little later, and not too much.

use super::support::{
    ALICE, BOB, CAROL, DAVE, FIRST, MASTER, Sut, config, dead, encoded, frame, link, send_over,
    text, violation,
};
use proto::message::{DeadReason, DelRoute, Down};
use proto::router::{Config, Output, Quotas, Role, Violation};
use proto::{Body, ContextId, Flags, Frame, Handle, Limits};
use std::time::Duration;

const ERIN: ContextId = ContextId(3);
/// One whose id Erin may give.
const FRANK: ContextId = ContextId(1999);

fn service(src: ContextId, dst: ContextId) -> Frame {
    frame(src, dst, Handle::CALL_SERVICE, FIRST, &text("service"))
}

/// The contexts that a child was told of, each time.
fn names(outputs: &[Output], to: ContextId) -> Vec<Vec<ContextId>> {
    let told = outputs.iter().filter_map(|output| match output {
        Output::Send { link: over, frame } if *over == link(to) => Some(frame),
        _ => None,
    });
    let told = told.filter(|frame| frame.header.handle == Handle::DEL_ROUTE);
    let read = |frame: &Frame| {
        let body = Body::raw(Flags::NONE, frame.body.clone());
        let told = body.decode::<DelRoute>(Limits::default());
        told.expect("it can be read").contexts
    };
    told.map(read).collect()
}

/// What a router says to its children when it is time to, if it has anything to say.
fn told_later(sut: &mut Sut) -> Option<Vec<Output>> {
    let (at, why) = sut.router.poll_timeout().expect("there is a link");
    if why != "contexts that are gone" {
        return None;
    }
    sut.now = at;
    sut.router.handle_timeout(at);
    Some(sut.outputs())
}

/// A master with three children that may talk to each other. There may be many contexts behind Alice and the last.
fn crowd() -> Sut {
    let mut sut = Sut::with(Config {
        siblings: true,
        quotas: Quotas::default(),
        ..config(MASTER, &[])
    });
    for child in [ALICE, BOB, ERIN] {
        sut.up(child, Role::Child);
    }
    sut.give_ids(ALICE);
    sut.give_ids(ERIN);
    sut
}

/// A context comes behind a child, asks something of Bob, and goes.
fn passes_by(sut: &mut Sut, child: ContextId, id: ContextId) -> Vec<Output> {
    sut.announce(child, id, child);
    sut.frame(child, service(id, BOB));
    sut.lose(child, &[id])
}

#[test]
fn a_child_that_lets_contexts_come_and_go_does_not_fill_the_queue_of_another() {
    let mut master = crowd();
    let ids: Vec<_> = (401..1001).map(ContextId).collect();
    let mut outputs = Vec::new();
    for _ in 0..20 {
        for id in &ids {
            outputs.extend(passes_by(&mut master, ALICE, *id));
        }
    }
    // The first time is at once.
    assert_eq!(names(&outputs, BOB), [[ids[0]]]);
    let wakes = outputs.iter().filter(|it| **it == Output::Rearm);
    assert_eq!(wakes.count(), 1);
    // Each of them once, in the order in which they went, and not too many at a time. The first has come again.
    let start = master.now;
    let mut later = Vec::new();
    while let Some(outputs) = told_later(&mut master) {
        let times = names(&outputs, BOB);
        assert_eq!(times.len(), 1);
        later.extend(times);
    }
    assert!(later.iter().all(|names| names.len() <= 256));
    let expected = [&ids[1..], &ids[..1]].concat();
    assert_eq!(later.concat(), expected);
    assert_eq!(master.now - start, Duration::from_millis(750));
    // After a while at once again.
    master.now += Duration::from_millis(250);
    let outputs = passes_by(&mut master, ALICE, ids[0]);
    assert_eq!(names(&outputs, BOB), [[ids[0]]]);
    assert!(!outputs.contains(&Output::Rearm));
}

#[test]
fn what_was_gathered_goes_with_the_link() {
    let mut master = crowd();
    for id in [CAROL, DAVE] {
        passes_by(&mut master, ALICE, id);
    }
    let (_, why) = master.router.poll_timeout().expect("there is a link");
    assert_eq!(why, "contexts that are gone");
    master.down(BOB);
    let (_, why) = master.router.poll_timeout().expect("there is a link");
    assert_eq!(why, "heartbeat");
}

#[test]
fn a_child_that_says_much_does_not_keep_back_the_word_of_another() {
    let mut master = crowd();
    let mut ids = (401..1001).map(ContextId);
    for id in ids.by_ref().take(500) {
        passes_by(&mut master, ALICE, id);
    }
    passes_by(&mut master, ERIN, FRANK);
    // Alice goes on and on.
    for id in ids {
        passes_by(&mut master, ALICE, id);
    }
    let outputs = told_later(&mut master).expect("Bob is told");
    let names = names(&outputs, BOB).concat();
    assert!(names.contains(&FRANK), "{names:?}");
    assert_eq!(names.len(), 256);
}

#[test]
fn several_reasons_are_one_that_is_noticed_here() {
    let mut master = crowd();
    passes_by(&mut master, ALICE, CAROL);
    for (child, id, reason) in [
        (ALICE, DAVE, DeadReason::Crashed),
        (ERIN, FRANK, DeadReason::Busy),
    ] {
        master.announce(child, id, child);
        master.frame(child, service(id, BOB));
        let why = dead(reason, child);
        let contexts = vec![id];
        let body = encoded(&DelRoute { contexts, why });
        let said = frame(child, MASTER, Handle::DEL_ROUTE, Handle::NONE, &body);
        master.frame(child, said);
    }
    let told = DelRoute {
        contexts: vec![DAVE, FRANK],
        why: dead(DeadReason::LinkDown(Down::Closed), MASTER),
    };
    let body = encoded(&told);
    let told = frame(MASTER, BOB, Handle::DEL_ROUTE, Handle::NONE, &body);
    let outputs = told_later(&mut master);
    assert_eq!(outputs, Some(vec![send_over(BOB, told)]));
}

#[test]
fn who_is_gone_does_not_come_again_before_all_have_heard_it() {
    let mut master = crowd();
    passes_by(&mut master, ALICE, CAROL);
    passes_by(&mut master, ALICE, DAVE);
    // What Bob asked of a new Dave would end with the word of the old one.
    let refused = Violation::ForeignId {
        src: ALICE,
        context: DAVE,
    };
    let outputs = master.announce(ALICE, DAVE, ALICE);
    assert_eq!(outputs, [violation(ALICE, refused)]);
    let outputs = told_later(&mut master).expect("Bob is told");
    assert_eq!(names(&outputs, BOB), [[DAVE]]);
    let outputs = master.announce(ALICE, DAVE, ALICE);
    assert!(
        matches!(outputs[..], [Output::Joined { .. }]),
        "{outputs:?}"
    );
}
