//! Receivers and senders.

use super::support::{
    ALICE, BOB, FIRST, MASTER, SECOND, Sut, dead, died, encoded, frame, send, send_over, text,
    violation,
};
use bytes::Bytes;
use proto::message::{Address, Credit, DeadReason, Down};
use proto::router::{Accept, Input, Message, Output, Violation};
use proto::{Body, ContextId, Flags, Frame, Handle};

/// Where a stranger says that it sends from.
const THERE: Handle = Handle(5000);

fn address(context: ContextId) -> Address {
    Address {
        context,
        handle: THERE,
    }
}

/// A slave with a child that sends to the master.
fn sending() -> (Sut, Handle) {
    let mut slave = Sut::relay();
    let sender = slave.router.open(address(MASTER)).expect("there is a way");
    (slave, sender)
}

fn credit(from: ContextId, sender: Handle, bytes: u64) -> Frame {
    let credit = encoded(&Credit { sender, bytes });
    frame(from, ALICE, Handle::CREDIT, Handle::NONE, &credit)
}

#[test]
fn what_is_sent_names_its_sender_and_keeps_its_flags() {
    let (mut slave, sender) = sending();
    let raw = Body::raw(Flags::BULK, Bytes::from_static(b"raw"));
    let end = Body::raw(Flags::BULK, Bytes::new());
    for body in [text("message"), raw, end] {
        let sent = send(ALICE, MASTER, THERE, sender, &body);
        assert_eq!(slave.input(Input::Channel { sender, body }), [sent]);
    }
}

#[test]
fn an_address_that_is_no_receivers_is_refused() {
    let mut slave = Sut::relay();
    for handle in [
        Handle::NONE,
        Handle::SHUTDOWN,
        Handle::CALL_FUNCTION,
        Handle::IS_DEAD,
    ] {
        let context = BOB;
        let refused = slave.router.open(Address { context, handle });
        assert_eq!(refused, Err(dead(DeadReason::InvalidHandle, ALICE)));
    }
    // And one to which no way leads.
    let refused = slave.router.open(address(ALICE));
    assert_eq!(refused, Err(dead(DeadReason::NoRoute(ALICE), ALICE)));
    assert_eq!(slave.router.load().channels, 0);
}

#[test]
fn a_channel_to_where_a_reply_is_awaited_is_no_reply() {
    let mut slave = Sut::slave();
    slave.ask(1, MASTER, Handle(7));
    let message = frame(MASTER, ALICE, FIRST, THERE, &text("message"));
    let refused = died(ALICE, MASTER, THERE, DeadReason::Unauthorised, ALICE);
    assert_eq!(
        slave.frame(MASTER, message),
        [
            violation(MASTER, Violation::UnexpectedReply { src: MASTER }),
            send_over(MASTER, refused)
        ]
    );
    assert_eq!(slave.router.load().requests, 1);
}

#[test]
fn a_receiver_takes_what_it_accepts_and_nothing_else() {
    // From the master, from the child, and from somebody elsewhere.
    let stranger = ContextId(900);
    let senders = [(MASTER, MASTER), (BOB, BOB), (MASTER, stranger)];
    for (accept, expected) in [
        (Accept::Anyone, [true, true, true]),
        (Accept::Above, [true, false, false]),
        (Accept::Context(BOB), [false, true, false]),
        (Accept::Context(stranger), [false, false, true]),
    ] {
        let mut slave = Sut::relay();
        let receiver = slave.router.listen(accept);
        for ((link, src), expected) in senders.into_iter().zip(expected) {
            let sent = frame(src, ALICE, receiver, THERE, &text("message"));
            let refused = died(ALICE, src, THERE, DeadReason::Unauthorised, ALICE);
            let outputs = slave.frame(link, sent);
            let received = Output::Received(Message {
                handle: receiver,
                src,
                reply_to: THERE,
                body: text("message"),
            });
            let refusal = [
                violation(link, Violation::NotAccepted { src }),
                send_over(link, refused),
            ];
            if expected {
                assert_eq!(outputs, [received], "{accept:?}");
            } else {
                assert_eq!(outputs, refusal, "{accept:?}");
            }
        }
    }
}

#[test]
fn whoever_sends_to_a_receiver_that_was_closed_is_told() {
    let mut slave = Sut::slave();
    let receiver = slave.router.listen(Accept::Anyone);
    slave.router.close(receiver);
    let piece = Body::raw(Flags::BULK, Bytes::from_static(b"raw"));
    for body in [text("message"), piece] {
        let sent = frame(MASTER, ALICE, receiver, THERE, &body);
        let told = died(ALICE, MASTER, THERE, DeadReason::InvalidHandle, ALICE);
        assert_eq!(slave.frame(MASTER, sent), [send_over(MASTER, told)]);
    }
    // One that says that it has ended is not.
    let ended = died(MASTER, ALICE, receiver, DeadReason::Crashed, MASTER);
    assert_eq!(slave.frame(MASTER, ended), []);
}

#[test]
fn credit_comes_from_the_receiver_and_from_nobody_else() {
    let (mut slave, sender) = sending();
    let bytes = 7;
    let granted = Output::Credit { sender, bytes };
    assert_eq!(slave.frame(MASTER, credit(MASTER, sender, 7)), [granted]);
    // From the other side, and from the same side in another name.
    for (link, src) in [(BOB, BOB), (MASTER, ContextId(900))] {
        let forged = violation(link, Violation::UnexpectedReply { src });
        assert_eq!(slave.frame(link, credit(src, sender, 7)), [forged]);
    }
}

#[test]
fn credit_for_what_is_no_sender_is_none() {
    let (mut slave, sender) = sending();
    let receiver = slave.router.listen(Accept::Anyone);
    let forged = violation(MASTER, Violation::UnexpectedReply { src: MASTER });
    assert_eq!(slave.frame(MASTER, credit(MASTER, receiver, 7)), [forged]);
    slave.router.close(sender);
    assert_eq!(slave.frame(MASTER, credit(MASTER, sender, 7)), []);
    let (src, handle) = (MASTER, Handle::CREDIT);
    let broken = violation(MASTER, Violation::Malformed { src, handle });
    let unreadable = frame(MASTER, ALICE, handle, Handle::NONE, &text("\u{7}"));
    assert_eq!(slave.frame(MASTER, unreadable), [broken]);
}

#[test]
fn a_sender_ends_when_it_is_told_to_and_only_once() {
    let (mut slave, sender) = sending();
    let why = dead(DeadReason::Closed, MASTER);
    let told = || died(MASTER, ALICE, sender, DeadReason::Closed, MASTER);
    assert_eq!(slave.frame(MASTER, told()), [Output::Ended { sender, why }]);
    assert_eq!(slave.frame(MASTER, told()), []);
    let body = text("too late");
    assert_eq!(slave.input(Input::Channel { sender, body }), []);
    assert_eq!(slave.router.load().channels, 0);
}

#[test]
fn a_sender_does_not_end_by_the_word_of_the_other_side() {
    let (mut slave, sender) = sending();
    let src = BOB;
    let forged = died(BOB, ALICE, sender, DeadReason::Closed, MASTER);
    let dropped = violation(BOB, Violation::UnexpectedReply { src });
    assert_eq!(slave.frame(BOB, forged), [dropped]);
    // And is no place for messages.
    let src = MASTER;
    let message = frame(MASTER, ALICE, sender, Handle::NONE, &text("message"));
    let dropped = violation(MASTER, Violation::UnexpectedReply { src });
    assert_eq!(slave.frame(MASTER, message), [dropped]);
    assert_eq!(slave.router.load().channels, 1);
}

#[test]
fn senders_end_with_the_way_to_their_receivers_and_receivers_stay() {
    let mut slave = Sut::relay();
    let receiver = slave.router.listen(Accept::Anyone);
    let sender = slave.router.open(address(BOB)).unwrap();
    let other = slave.router.open(address(MASTER)).unwrap();
    assert_eq!((receiver, sender), (FIRST, SECOND));
    let why = dead(DeadReason::LinkDown(Down::Closed), ALICE);
    let ended = Output::Ended { sender, why };
    let outputs = slave.down(BOB);
    assert!(outputs.contains(&ended), "{outputs:?}");
    assert_eq!(slave.router.load().channels, 2);
    slave.router.close(receiver);
    slave.router.close(other);
    assert_eq!(slave.router.load().channels, 0);
}

#[test]
fn closing_a_handle_does_not_end_a_request() {
    let mut slave = Sut::slave();
    slave.ask(1, MASTER, Handle(7));
    slave.router.close(FIRST);
    assert_eq!(slave.router.load().requests, 1);
}
