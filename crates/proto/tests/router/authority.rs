//! Whose frames get through, and to which handles.

use super::support::{
    ALICE, BOB, CAROL, DAVE, FIRST, MASTER, SECOND, Sut, dead, died, frame, load, replied, send,
    text, violation,
};
use bytes::Bytes;
use proto::message::{Address, DeadReason};
use proto::router::{Accept, Message, Output, Violation};
use proto::{Body, ContextId, Flags, Frame, Handle};

#[test]
fn a_sibling_cannot_say_that_the_respondent_died() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    let lie = Body::new(&dead(DeadReason::Busy, ALICE)).unwrap();
    let forged = frame(BOB, MASTER, FIRST, Handle::IS_DEAD, &lie);
    let broken = Violation::UnexpectedReply { src: BOB };
    let dropped = violation(BOB, broken);
    assert_eq!(master.frame(BOB, forged), [dropped]);
    let answer = frame(ALICE, MASTER, FIRST, Handle::NONE, &text("answer"));
    assert_eq!(
        master.frame(ALICE, answer),
        [replied(1, Ok(text("answer")))]
    );
}

#[test]
fn a_hop_on_the_way_can_say_that_the_respondent_died() {
    let mut slave = Sut::slave();
    slave.ask(1, ContextId(9), Handle::CALL_FUNCTION);
    let why = dead(DeadReason::NoRoute(ContextId(9)), MASTER);
    let body = Body::new(&why).unwrap();
    let reply = frame(MASTER, ALICE, FIRST, Handle::IS_DEAD, &body);
    assert_eq!(slave.frame(MASTER, reply), [replied(1, Err(why))]);
}

#[test]
fn neither_can_a_context_beside_the_way_though_behind_the_same_link() {
    let mut master = Sut::master();
    master.give_ids(ALICE);
    master.announce(ALICE, CAROL, ALICE);
    master.announce(ALICE, DAVE, ALICE);
    master.ask(1, CAROL, Handle::CALL_FUNCTION);
    let at = DAVE;
    let forged = died(DAVE, MASTER, FIRST, DeadReason::Busy, at);
    let broken = Violation::UnexpectedReply { src: DAVE };
    assert_eq!(master.frame(ALICE, forged), [violation(ALICE, broken)]);
    // The one on the way can.
    let why = dead(DeadReason::NoRoute(CAROL), ALICE);
    let told = died(ALICE, MASTER, FIRST, DeadReason::NoRoute(CAROL), ALICE);
    assert_eq!(master.frame(ALICE, told), [replied(1, Err(why))]);
}

#[test]
fn whoever_was_asked_before_it_was_announced_may_be_said_to_be_unknown() {
    let mut slave = Sut::relay();
    slave.give_ids(BOB);
    slave.ask(1, CAROL, Handle::CALL_SERVICE);
    slave.announce(BOB, CAROL, BOB);
    let why = dead(DeadReason::NoRoute(CAROL), MASTER);
    // The first handle went to the question for ids.
    let told = died(MASTER, ALICE, SECOND, DeadReason::NoRoute(CAROL), MASTER);
    assert_eq!(slave.frame(MASTER, told), [replied(1, Err(why))]);
}

#[test]
fn raw_bytes_reach_only_receivers() {
    let bulk = Body::raw(Flags::BULK, Bytes::from_static(b"raw"));
    let mut slave = Sut::slave();
    slave.ask(1, MASTER, Handle(7));
    let to = Address {
        context: MASTER,
        handle: Handle(1000),
    };
    let sender = slave.router.open(to).unwrap();
    for handle in [
        Handle::CALL_FUNCTION,
        Handle::LOAD_MODULE,
        Handle::LOAD_RESOURCE,
        Handle::SHUTDOWN,
        Handle::PING,
        FIRST,
        sender,
    ] {
        let src = MASTER;
        let dropped = violation(MASTER, Violation::UnexpectedBulk { src, handle });
        let answer = Body::new(&dead(DeadReason::Unauthorised, ALICE)).unwrap();
        let answer = send(ALICE, MASTER, Handle(2000), Handle::IS_DEAD, &answer);
        let piece = frame(MASTER, ALICE, handle, Handle(2000), &bulk);
        assert_eq!(slave.frame(MASTER, piece), [dropped, answer]);
    }
    let receiver = slave.router.listen(Accept::Anyone);
    let message = Message {
        handle: receiver,
        src: MASTER,
        reply_to: Handle(2000),
        body: bulk.clone(),
    };
    let piece = frame(MASTER, ALICE, receiver, Handle(2000), &bulk);
    assert_eq!(slave.frame(MASTER, piece), [Output::Received(message)]);
    let load = slave.router.load();
    assert_eq!((load.requests, load.channels), (1, 2));
}

/// What a slave with a child does with a frame from its parent, from its child.
fn both_ways(frame: &Frame) -> [Vec<Output>; 2] {
    [MASTER, BOB].map(|from| {
        let mut slave = Sut::relay();
        slave.frame(from, frame.clone())
    })
}

#[test]
fn a_frame_does_not_turn_round() {
    // For nobody whom the slave knows, and for the very context that sent it.
    let lost = frame(MASTER, ContextId(9), Handle::PING, FIRST, &Body::empty());
    let no_route = |id| Body::new(&dead(DeadReason::NoRoute(id), ALICE)).unwrap();
    let answer = send(
        ALICE,
        MASTER,
        FIRST,
        Handle::IS_DEAD,
        &no_route(ContextId(9)),
    );
    assert_eq!(both_ways(&lost)[0], [answer]);
    let own = frame(BOB, BOB, Handle::PING, FIRST, &Body::empty());
    let [_, outputs] = both_ways(&own);
    let [Output::Send { frame, .. }] = &outputs[..] else {
        panic!("{outputs:?}");
    };
    assert_eq!(
        (frame.header.src, frame.header.reply_to),
        (ALICE, Handle::IS_DEAD)
    );
}

#[test]
fn nobody_speaks_for_this_context_or_for_the_other_side_of_it() {
    let spoofed = |id, from| [violation(from, Violation::SpoofedSource(id))];
    let log = |src| frame(src, ALICE, Handle::FORWARD_LOG, Handle::NONE, &text("log"));
    assert_eq!(
        both_ways(&log(ALICE)),
        [spoofed(ALICE, MASTER), spoofed(ALICE, BOB)]
    );
    assert_eq!(both_ways(&log(BOB))[0], spoofed(BOB, MASTER));
    assert_eq!(both_ways(&log(MASTER))[1], spoofed(MASTER, BOB));

    let mut borrowed = log(BOB);
    borrowed.header.auth = MASTER;
    let broken = Violation::SpoofedAuthority(MASTER);
    assert_eq!(both_ways(&borrowed)[1], [violation(BOB, broken)]);
}

#[test]
fn each_handle_takes_messages_from_its_own_side_of_the_tree() {
    let accepted = |outputs: &[Output]| match outputs {
        [Output::Deliver(_) | Output::Execute { .. } | Output::Shutdown] => true,
        [Output::Violation { .. }, Output::Send { .. }] => false,
        _ => panic!("{outputs:?}"),
    };
    let sides = [
        (Handle::CALL_FUNCTION, [true, false]),
        (Handle::LOAD_MODULE, [true, false]),
        (Handle::LOAD_RESOURCE, [true, false]),
        (Handle::FORWARD_MODULE, [true, false]),
        (Handle::LAUNCH, [true, false]),
        (Handle::END_CHAIN, [true, false]),
        (Handle::INSPECT, [true, false]),
        (Handle::SHUTDOWN, [true, false]),
        (Handle::CALL_SERVICE, [true, true]),
        (Handle::GET_MODULE, [false, true]),
        (Handle::GET_RESOURCE, [false, true]),
        (Handle::FORWARD_LOG, [false, true]),
    ];
    for (handle, expected) in sides {
        let found = [MASTER, BOB].map(|from| {
            let [above, below] = both_ways(&frame(from, ALICE, handle, FIRST, &text("")));
            accepted(if from == MASTER { &above } else { &below })
        });
        assert_eq!(found, expected, "{handle:?}");
    }
}

#[test]
fn a_handle_at_which_nobody_is_says_so() {
    let mut slave = Sut::slave();
    let answer = Body::new(&dead(DeadReason::InvalidHandle, ALICE)).unwrap();
    for number in [0, 1, 99, 111, 114, 119, 120, 128, 999] {
        let ask = frame(MASTER, ALICE, Handle(number), FIRST, &text(""));
        let nobody = send(ALICE, MASTER, FIRST, Handle::IS_DEAD, &answer);
        assert_eq!(slave.frame(MASTER, ask), [nobody]);
        // Whoever wants no answer gets none, least of all to a dead reply.
        for reply_to in [Handle::NONE, Handle::IS_DEAD] {
            let post = frame(MASTER, ALICE, Handle(number), reply_to, &text(""));
            assert_eq!(slave.frame(MASTER, post), []);
        }
    }
}

#[test]
fn siblings_do_not_talk_to_each_other() {
    let mut master = Sut::master();
    let ask = frame(ALICE, BOB, Handle(7), FIRST, &text("ask"));
    let broken = Violation::Sideways {
        src: ALICE,
        dst: BOB,
    };
    let dropped = violation(ALICE, broken);
    let body = Body::new(&dead(DeadReason::Unauthorised, MASTER)).unwrap();
    let answer = send(MASTER, ALICE, FIRST, Handle::IS_DEAD, &body);
    assert_eq!(master.frame(ALICE, ask), [dropped, answer]);
}

#[test]
fn only_the_respondent_answers() {
    let mut slave = Sut::slave();
    slave.ask(1, MASTER, Handle(7));
    // It comes the right way, but from somebody else there.
    let other = frame(ContextId(9), ALICE, FIRST, Handle::NONE, &text("answer"));
    let broken = Violation::UnexpectedReply { src: ContextId(9) };
    let dropped = violation(MASTER, broken);
    assert_eq!(slave.frame(MASTER, other), [dropped]);
    assert_eq!(slave.router.load(), load(1, 0, 1, 0));
}
