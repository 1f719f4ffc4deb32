//! Requests and calls from their beginning to their one end.

use super::support::{
    ALICE, BOB, FIRST, MASTER, SECOND, Sut, dead, frame, load, replied, send, text,
};
use proto::message::{DeadReason, Down};
use proto::router::{Input, Output};
use proto::{Body, CallId, Handle, RequestId};

#[test]
fn a_dead_reply_that_nobody_understands_is_still_a_reply() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    let reply = frame(ALICE, MASTER, FIRST, Handle::IS_DEAD, &text("\u{7}"));
    let outputs = master.frame(ALICE, reply);
    let [
        Output::Reply {
            reply: Err(why), ..
        },
    ] = &outputs[..]
    else {
        panic!("{outputs:?}");
    };
    assert!(matches!(why.reason, DeadReason::Malformed(_)), "{why}");
    assert_eq!(why.at, ALICE);
}

#[test]
fn a_second_reply_finds_nobody() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    let answer = || frame(ALICE, MASTER, FIRST, Handle::NONE, &text("answer"));
    assert_eq!(master.frame(ALICE, answer()).len(), 1);
    assert_eq!(master.frame(ALICE, answer()), []);
}

#[test]
fn an_abandoned_call_is_cancelled_there_and_its_reply_finds_nobody() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    let request = RequestId(1);
    let cancel = send(MASTER, ALICE, Handle::CANCEL, FIRST, &Body::empty());
    assert_eq!(master.input(Input::Abandon { request }), [cancel]);
    assert_eq!(master.input(Input::Abandon { request }), []);
    let late = frame(ALICE, MASTER, FIRST, Handle::NONE, &text("late"));
    assert_eq!(master.frame(ALICE, late), []);
    assert_eq!(master.router.load(), load(0, 0, 2, 2));
}

#[test]
fn a_cancelled_call_has_no_outcome() {
    let mut slave = Sut::slave();
    let call = frame(MASTER, ALICE, Handle::CALL_FUNCTION, FIRST, &text("call"));
    let id = CallId(1);
    assert_eq!(
        slave.frame(MASTER, call),
        [Output::Execute {
            call: id,
            from: MASTER,
            above: true,
            handle: Handle::CALL_FUNCTION,
            body: text("call")
        }]
    );
    let cancel = || frame(MASTER, ALICE, Handle::CANCEL, FIRST, &Body::empty());
    assert_eq!(slave.frame(MASTER, cancel()), [Output::Cancel { call: id }]);
    let body = text("outcome");
    assert_eq!(slave.input(Input::Finished { call: id, body }), []);
    assert_eq!(slave.frame(MASTER, cancel()), []);
    assert_eq!(slave.router.load(), load(0, 0, 1, 0));
}

#[test]
fn a_call_at_a_handle_in_use_and_one_too_many_are_refused() {
    let mut slave = Sut::slave();
    let call = |at| frame(MASTER, ALICE, Handle::CALL_FUNCTION, at, &text("call"));
    assert_eq!(slave.frame(MASTER, call(FIRST)).len(), 1);
    let refusal = |at, reason| {
        let why = dead(reason, ALICE);
        let told = Body::new(&why).unwrap();
        let declined = Output::Declined {
            from: MASTER,
            body: text("call"),
            why,
        };
        [declined, send(ALICE, MASTER, at, Handle::IS_DEAD, &told)]
    };
    let in_use = refusal(FIRST, DeadReason::InvalidHandle);
    assert_eq!(slave.frame(MASTER, call(FIRST)), in_use);
    assert_eq!(slave.frame(MASTER, call(SECOND)).len(), 1);
    let third = Handle(2000);
    assert_eq!(
        slave.frame(MASTER, call(third)),
        refusal(third, DeadReason::Busy)
    );
    assert_eq!(slave.router.load(), load(0, 2, 1, 0));
}

#[test]
fn a_context_does_not_talk_to_itself() {
    let mut slave = Sut::slave();
    let nowhere = replied(1, Err(dead(DeadReason::NoRoute(ALICE), ALICE)));
    assert_eq!(slave.ask(1, ALICE, Handle::PING), [nowhere]);
    let post = Input::Post {
        to: ALICE,
        handle: Handle::PING,
        reply_to: Handle::NONE,
        body: Body::empty(),
    };
    assert_eq!(slave.input(post), []);
}

#[test]
fn a_context_without_a_parent_has_nobody_to_work_for() {
    let mut slave = Sut::slave();
    let call = frame(MASTER, ALICE, Handle::CALL_FUNCTION, FIRST, &text("call"));
    slave.frame(MASTER, call);
    let gone = Output::Gone {
        contexts: vec![MASTER],
        why: dead(DeadReason::LinkDown(Down::Closed), ALICE),
    };
    let cancel = Output::Cancel { call: CallId(1) };
    assert_eq!(slave.down(MASTER), [cancel, gone, Output::Shutdown]);
    assert_eq!(slave.router.load(), load(0, 0, 0, 0));
    // And nobody to ask.
    let nowhere = replied(1, Err(dead(DeadReason::NoRoute(MASTER), ALICE)));
    assert_eq!(slave.ask(1, MASTER, Handle(7)), [nowhere]);
}

#[test]
fn a_link_that_goes_ends_what_went_over_it_and_nothing_else() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    master.ask(2, BOB, Handle::CALL_FUNCTION);
    let why = dead(DeadReason::LinkDown(Down::Closed), MASTER);
    let gone = Output::Gone {
        contexts: vec![ALICE],
        why: why.clone(),
    };
    assert_eq!(master.down(ALICE), [replied(1, Err(why)), gone]);
    assert_eq!(master.down(ALICE), []);
    assert_eq!(master.router.load(), load(1, 0, 1, 1));
}
