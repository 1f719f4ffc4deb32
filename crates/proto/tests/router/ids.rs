//! Ids, handed down from parent to child.

use super::support::{
    ALICE, BOB, CAROL, FIRST, MASTER, SECOND, Sut, block, dead, died, encoded, frame, send,
    send_over, text,
};
use proto::message::{DeadReason, IdBlock};
use proto::router::{Input, Output};
use proto::{Body, ContextId, Handle, RequestId};

fn allocate(sut: &mut Sut, request: u64) -> Vec<Output> {
    let request = RequestId(request);
    sut.input(Input::Allocate { request })
}

fn allocated(request: u64, id: u32) -> Output {
    Output::Allocated {
        request: RequestId(request),
        id: Ok(ContextId(id)),
    }
}

/// A slave asks its parent, at this handle.
fn asks(at: Handle) -> Output {
    send(ALICE, MASTER, Handle::ALLOCATE_ID, at, &Body::empty())
}

fn answer(at: Handle, body: &Body) -> proto::Frame {
    frame(MASTER, ALICE, at, Handle::NONE, body)
}

#[test]
fn the_master_has_all_ids() {
    let mut master = Sut::master();
    assert_eq!(allocate(&mut master, 1), [allocated(1, 1)]);
    assert_eq!(allocate(&mut master, 2), [allocated(2, 2)]);
}

#[test]
fn the_master_gives_blocks_that_do_not_overlap() {
    let mut master = Sut::master();
    allocate(&mut master, 1);
    for (peer, first) in [(ALICE, 2), (BOB, 1002)] {
        let ask = frame(peer, MASTER, Handle::ALLOCATE_ID, FIRST, &Body::empty());
        let given = send(MASTER, peer, FIRST, Handle::NONE, &block(first));
        assert_eq!(master.frame(peer, ask), [given]);
    }
    assert_eq!(allocate(&mut master, 2), [allocated(2, 2002)]);
}

#[test]
fn a_slave_asks_once_for_all_who_wait() {
    let mut slave = Sut::slave();
    assert_eq!(allocate(&mut slave, 1), [asks(FIRST)]);
    assert_eq!(allocate(&mut slave, 2), []);
    assert_eq!(
        slave.frame(MASTER, answer(FIRST, &block(501))),
        [allocated(1, 501), allocated(2, 502)]
    );
    // What is left is for later.
    assert_eq!(allocate(&mut slave, 3), [allocated(3, 503)]);
    assert_eq!(slave.router.load().requests, 0);
}

#[test]
fn a_block_that_is_too_small_is_followed_by_another() {
    let mut slave = Sut::slave();
    allocate(&mut slave, 1);
    allocate(&mut slave, 2);
    let (first, count) = (ContextId(7), 1);
    let small = encoded(&IdBlock { first, count });
    assert_eq!(
        slave.frame(MASTER, answer(FIRST, &small)),
        [allocated(1, 7), asks(SECOND)]
    );
    assert_eq!(
        slave.frame(MASTER, answer(SECOND, &block(501))),
        [allocated(2, 501)]
    );
}

#[test]
fn whoever_gives_up_does_not_make_the_next_one_ask_again() {
    let mut slave = Sut::slave();
    allocate(&mut slave, 1);
    let request = RequestId(1);
    assert_eq!(slave.input(Input::Abandon { request }), []);
    assert_eq!(allocate(&mut slave, 2), []);
    assert_eq!(
        slave.frame(MASTER, answer(FIRST, &block(501))),
        [allocated(2, 501)]
    );
}

#[test]
fn ids_that_come_when_nobody_waits_any_more_are_kept() {
    let mut slave = Sut::slave();
    allocate(&mut slave, 1);
    let request = RequestId(1);
    slave.input(Input::Abandon { request });
    assert_eq!(slave.frame(MASTER, answer(FIRST, &block(501))), []);
    assert_eq!(allocate(&mut slave, 2), [allocated(2, 501)]);
    assert_eq!(slave.router.load().requests, 0);
}

#[test]
fn a_refusal_is_told_to_all_who_wait_and_the_next_one_asks_again() {
    let mut slave = Sut::slave();
    allocate(&mut slave, 1);
    allocate(&mut slave, 2);
    let refused = died(MASTER, ALICE, FIRST, DeadReason::Quota, MASTER);
    let told = |request| Output::Allocated {
        request: RequestId(request),
        id: Err(dead(DeadReason::Quota, MASTER)),
    };
    assert_eq!(slave.frame(MASTER, refused), [told(1), told(2)]);
    assert_eq!(allocate(&mut slave, 3), [asks(SECOND)]);
}

#[test]
fn what_is_no_block_is_no_id() {
    let none = |first, count| {
        encoded(&IdBlock {
            first: ContextId(first),
            count,
        })
    };
    for body in [
        text("\u{7}"),
        none(0, 5),
        none(7, 0),
        none(u32::MAX - 2, 9),
        Body::empty(),
    ] {
        let mut slave = Sut::slave();
        allocate(&mut slave, 1);
        let outputs = slave.frame(MASTER, answer(FIRST, &body));
        let [Output::Allocated { id: Err(why), .. }] = &outputs[..] else {
            panic!("{outputs:?}");
        };
        assert!(matches!(why.reason, DeadReason::Malformed(_)), "{why}");
    }
}

#[test]
fn a_hop_asks_in_its_own_name_and_passes_the_block_on() {
    let mut slave = Sut::relay();
    let ask = frame(BOB, ALICE, Handle::ALLOCATE_ID, SECOND, &Body::empty());
    assert_eq!(slave.frame(BOB, ask), [asks(FIRST)]);
    let passed_on = frame(ALICE, BOB, SECOND, Handle::NONE, &block(501));
    assert_eq!(
        slave.frame(MASTER, answer(FIRST, &block(501))),
        [send_over(BOB, passed_on)]
    );
    // They are BOB's: the slave itself has none.
    assert_eq!(allocate(&mut slave, 1), [asks(SECOND)]);
    assert_eq!(slave.announce(BOB, CAROL, BOB).len(), 2);
}

#[test]
fn a_hop_passes_a_refusal_on() {
    let mut slave = Sut::relay();
    let ask = frame(BOB, ALICE, Handle::ALLOCATE_ID, SECOND, &Body::empty());
    slave.frame(BOB, ask);
    let refused = died(MASTER, ALICE, FIRST, DeadReason::Quota, MASTER);
    let passed_on = died(ALICE, BOB, SECOND, DeadReason::Quota, MASTER);
    assert_eq!(slave.frame(MASTER, refused), [send_over(BOB, passed_on)]);
}

#[test]
fn ids_for_a_child_that_has_left_are_nobodys() {
    let mut slave = Sut::relay();
    let ask = frame(BOB, ALICE, Handle::ALLOCATE_ID, SECOND, &Body::empty());
    slave.frame(BOB, ask);
    slave.down(BOB);
    assert_eq!(slave.frame(MASTER, answer(FIRST, &block(501))), []);
    let load = slave.router.load();
    assert_eq!((load.requests, load.notes), (0, 0));
}

#[test]
fn a_link_has_so_many_blocks_in_its_life_and_no_more() {
    let mut master = Sut::master();
    let ask = |peer| frame(peer, MASTER, Handle::ALLOCATE_ID, FIRST, &Body::empty());
    for _ in 0..2 {
        master.frame(ALICE, ask(ALICE));
    }
    let refused = died(MASTER, ALICE, FIRST, DeadReason::Quota, MASTER);
    assert_eq!(master.frame(ALICE, ask(ALICE)), [send_over(ALICE, refused)]);
    // The other one has its own.
    let given = send(MASTER, BOB, FIRST, Handle::NONE, &block(2001));
    assert_eq!(master.frame(BOB, ask(BOB)), [given]);
}

#[test]
fn whoever_wants_no_answer_gets_no_ids() {
    let mut slave = Sut::relay();
    for reply_to in [Handle::NONE, Handle::IS_DEAD] {
        let ask = frame(BOB, ALICE, Handle::ALLOCATE_ID, reply_to, &Body::empty());
        assert_eq!(slave.frame(BOB, ask), []);
    }
}

#[test]
fn without_a_parent_there_are_no_ids() {
    let mut slave = Sut::relay();
    allocate(&mut slave, 1);
    let ask = frame(BOB, ALICE, Handle::ALLOCATE_ID, SECOND, &Body::empty());
    slave.frame(BOB, ask.clone());
    // Neither those that were asked for, nor others.
    let outputs = slave.down(MASTER);
    let refused = |output: &Output| match output {
        Output::Allocated { id, .. } => id.is_err(),
        Output::Send { frame, .. } => frame.header.reply_to == Handle::IS_DEAD,
        _ => false,
    };
    assert_eq!(outputs.iter().filter(|it| refused(it)).count(), 2);
    let none = died(ALICE, BOB, SECOND, DeadReason::Quota, ALICE);
    assert_eq!(slave.frame(BOB, ask), [send_over(BOB, none)]);
    let outputs = allocate(&mut slave, 2);
    assert!(matches!(
        outputs[..],
        [Output::Allocated { id: Err(_), .. }]
    ));
    assert_eq!(slave.router.load().requests, 0);
}
