//! Calls of other things than functions: services, launches, inspections.

use super::support::{
    ALICE, BOB, FIRST, MASTER, SECOND, Sut, config, died, frame, replied, send, send_over, text,
    violation,
};
use proto::message::DeadReason;
use proto::router::{Config, Input, Output, Role, Violation};
use proto::{Body, CallId, ContextId, Handle, RequestId};

const THIRD: Handle = Handle(1002);

fn ask(src: ContextId, handle: Handle, reply_to: Handle) -> proto::Frame {
    frame(src, ALICE, handle, reply_to, &text("ask"))
}

fn execute(call: u64, from: ContextId, above: bool, handle: Handle) -> Output {
    Output::Execute {
        call: CallId(call),
        from,
        above,
        handle,
        body: text("ask"),
    }
}

#[test]
fn a_service_is_called_from_anywhere_and_knows_who_is_above() {
    let mut slave = Sut::relay();
    let service = Handle::CALL_SERVICE;
    let elsewhere = ContextId(900);
    for (call, link, src, above) in [
        (1, MASTER, MASTER, true),
        (2, BOB, BOB, false),
        (3, MASTER, elsewhere, false),
    ] {
        assert_eq!(
            slave.frame(link, ask(src, service, FIRST)),
            [execute(call, src, above, service)]
        );
        slave.input(Input::Finished {
            call: CallId(call),
            body: text("outcome"),
        });
    }
}

#[test]
fn launches_and_inspections_are_for_those_above() {
    let mut slave = Sut::relay();
    for (handle, call) in [(Handle::LAUNCH, 1), (Handle::INSPECT, 2)] {
        assert_eq!(
            slave.frame(MASTER, ask(MASTER, handle, Handle(1000 + call))),
            [execute(call.into(), MASTER, true, handle)]
        );
        let refused = died(ALICE, BOB, FIRST, DeadReason::Unauthorised, ALICE);
        let src = BOB;
        assert_eq!(
            slave.frame(BOB, ask(BOB, handle, FIRST)),
            [
                violation(BOB, Violation::NotAParent { src, handle }),
                send_over(BOB, refused)
            ]
        );
    }
    assert_eq!(slave.router.load().services, 2);
}

#[test]
fn even_a_context_without_an_executor_has_services() {
    let mut master = Sut::with(Config {
        executes: false,
        ..config(MASTER, &[])
    });
    master.up(ALICE, Role::Child);
    let service = frame(ALICE, MASTER, Handle::CALL_SERVICE, FIRST, &text("ask"));
    let outputs = master.frame(ALICE, service);
    assert!(matches!(outputs[..], [Output::Execute { .. }]));
}

#[test]
fn each_link_has_its_own_bound_and_functions_another() {
    let mut slave = Sut::relay();
    let service = Handle::CALL_SERVICE;
    for reply_to in [FIRST, SECOND] {
        slave.frame(BOB, ask(BOB, service, reply_to));
    }
    let busy = died(ALICE, BOB, THIRD, DeadReason::Busy, ALICE);
    assert_eq!(
        slave.frame(BOB, ask(BOB, service, THIRD)),
        [send_over(BOB, busy)]
    );
    assert_eq!(
        slave.frame(MASTER, ask(MASTER, service, FIRST)),
        [execute(3, MASTER, true, service)]
    );
    let function = Handle::CALL_FUNCTION;
    for (call, reply_to) in [(4, SECOND), (5, THIRD)] {
        assert_eq!(
            slave.frame(MASTER, ask(MASTER, function, reply_to)),
            [execute(call, MASTER, true, function)]
        );
    }
    // One that ends makes room for another.
    slave.input(Input::Finished {
        call: CallId(1),
        body: text("outcome"),
    });
    let outputs = slave.frame(BOB, ask(BOB, service, THIRD));
    assert_eq!(outputs, [execute(6, BOB, false, service)]);
    let load = slave.router.load();
    assert_eq!((load.functions, load.services), (2, 3));
}

#[test]
fn a_call_that_has_no_outcome_says_why() {
    let mut slave = Sut::slave();
    slave.frame(MASTER, ask(MASTER, Handle::CALL_SERVICE, FIRST));
    let dead = super::support::dead(DeadReason::Crashed, ALICE);
    let call = CallId(1);
    let told = died(ALICE, MASTER, FIRST, DeadReason::Crashed, ALICE);
    assert_eq!(
        slave.input(Input::Failed { call, dead }),
        [send_over(MASTER, told)]
    );
    assert_eq!(slave.router.load().services, 0);
}

#[test]
fn a_service_that_is_given_up_is_cancelled_and_a_module_is_just_forgotten() {
    let mut slave = Sut::slave();
    for (request, handle, at) in [
        (1, Handle::CALL_SERVICE, FIRST),
        (2, Handle::LAUNCH, SECOND),
        (3, Handle::INSPECT, THIRD),
    ] {
        slave.ask(request, MASTER, handle);
        let cancel = send(ALICE, MASTER, Handle::CANCEL, at, &Body::empty());
        let request = RequestId(request);
        assert_eq!(slave.input(Input::Abandon { request }), [cancel]);
    }
    slave.ask(4, MASTER, Handle::GET_MODULE);
    let request = RequestId(4);
    assert_eq!(slave.input(Input::Abandon { request }), []);
    assert_eq!(slave.router.load().requests, 0);
}

#[test]
fn the_answer_of_a_service_is_the_reply() {
    let mut slave = Sut::slave();
    slave.ask(1, MASTER, Handle::CALL_SERVICE);
    let answer = frame(MASTER, ALICE, FIRST, Handle::NONE, &text("outcome"));
    assert_eq!(
        slave.frame(MASTER, answer),
        [replied(1, Ok(text("outcome")))]
    );
}
