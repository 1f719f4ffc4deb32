//! Contexts that leave the tree on purpose.

use super::support::{
    ALICE, BOB, FIRST, MASTER, Sut, dead, frame, link, replied, send, send_over, text,
};
use proto::message::{DeadReason, Down};
use proto::router::{Input, Message, Output};
use proto::{Body, CallId, Handle};

fn detaching(src: proto::ContextId, dst: proto::ContextId, reply_to: Handle) -> proto::Frame {
    frame(src, dst, Handle::DETACHING, reply_to, &Body::empty())
}

#[test]
fn the_word_to_leave_comes_from_above_and_is_the_shells_to_obey() {
    let mut slave = Sut::slave();
    let told = Output::Deliver(Message {
        handle: Handle::DETACHING,
        src: MASTER,
        reply_to: Handle::NONE,
        body: Body::empty(),
    });
    let word = detaching(MASTER, ALICE, Handle::NONE);
    assert_eq!(slave.frame(MASTER, word), [told]);
}

#[test]
fn whoever_leaves_tells_its_parent_once_and_goes_when_that_knows() {
    let mut slave = Sut::slave();
    let leaves = send_over(MASTER, detaching(ALICE, MASTER, FIRST));
    assert_eq!(slave.input(Input::Detach), [leaves]);
    assert_eq!(slave.input(Input::Detach), []);
    let known = frame(MASTER, ALICE, FIRST, Handle::NONE, &Body::empty());
    let link = link(MASTER);
    assert_eq!(slave.frame(MASTER, known), [Output::Detached { link }]);
    assert_eq!(slave.router.load().requests, 0);
}

#[test]
fn whoever_left_lives_on_without_its_parent() {
    let mut slave = Sut::relay();
    slave.input(Input::Detach);
    let outputs = slave.down(MASTER);
    assert!(!outputs.contains(&Output::Shutdown), "{outputs:?}");
    // It need not wait for the answer of a parent that is gone.
    let link = link(MASTER);
    assert!(outputs.contains(&Output::Detached { link }), "{outputs:?}");
    assert_eq!(slave.router.load().links, 1);
    let nowhere = replied(1, Err(dead(DeadReason::NoRoute(MASTER), ALICE)));
    assert_eq!(slave.ask(1, MASTER, Handle(7)), [nowhere]);
    // It still has its own.
    slave.ask(2, BOB, Handle::CALL_FUNCTION);
    assert_eq!(slave.router.load().requests, 1);
}

#[test]
fn a_parent_knows_why_a_link_goes_that_was_announced_to_go() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    let known = send(MASTER, ALICE, FIRST, Handle::NONE, &Body::empty());
    let noted = Output::Detaching { link: link(ALICE) };
    assert_eq!(
        master.frame(ALICE, detaching(ALICE, MASTER, FIRST)),
        [noted, known]
    );
    // Once is enough.
    assert_eq!(master.frame(ALICE, detaching(ALICE, MASTER, FIRST)), []);
    // As long as the link is there so is the child.
    let late = frame(ALICE, MASTER, Handle::PING, Handle::NONE, &Body::empty());
    assert_eq!(master.frame(ALICE, late).len(), 1);
    let why = dead(DeadReason::LinkDown(Down::Detached), MASTER);
    let gone = Output::Gone {
        contexts: vec![ALICE],
        why: why.clone(),
    };
    assert_eq!(master.down(ALICE), [replied(1, Err(why)), gone]);
}

#[test]
fn whoever_left_finishes_its_calls_though_nobody_above_hears_of_it() {
    let mut slave = Sut::relay();
    for (link, src) in [(MASTER, MASTER), (BOB, BOB)] {
        let handle = Handle::CALL_SERVICE;
        slave.frame(link, frame(src, ALICE, handle, FIRST, &text("call")));
    }
    slave.input(Input::Detach);
    slave.down(MASTER);
    assert_eq!(slave.router.load().services, 2);
    let mut finished = |call| {
        slave.input(Input::Finished {
            call: CallId(call),
            body: text("outcome"),
        })
    };
    assert_eq!(finished(1), []);
    let outcome = frame(ALICE, BOB, FIRST, Handle::NONE, &text("outcome"));
    assert_eq!(finished(2), [send_over(BOB, outcome)]);
    assert_eq!(slave.router.load().services, 0);
}

#[test]
fn without_a_parent_there_is_nobody_to_leave() {
    let mut master = Sut::master();
    assert_eq!(master.input(Input::Detach), []);
    assert_eq!(master.router.load().requests, 0);
}
