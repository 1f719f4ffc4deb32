//! Channels over several hops: order, credit, and every way in which one can end.

use super::support::{MASTER, raw};
use super::tree::Tree;
use crate::{IO_SIZE, Item, Receiver, Sender, WINDOW};
use bytes::Bytes;
use proto::Body;
use proto::message::{Dead, DeadReason, Down};
use proto::router::Accept;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn next(receiver: &mut Receiver) -> Item {
    let next = timeout(PATIENCE, receiver.next()).await;
    next.expect("something comes").item
}

/// Sends until the receiver's end is known, which must come to be known.
pub(super) async fn until_refused(sender: &mut Sender) -> Dead {
    let sending = async {
        loop {
            if let Err(dead) = sender.send(&7).await {
                break dead;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, sending).await.expect("it is told")
}

pub(super) fn number(item: Item) -> u32 {
    match item {
        Item::Message(body) => body.decode(super::support::LIMITS).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn messages_come_in_order_and_then_the_end() {
    let (tree, ids) = Tree::line(false, 3).await;
    let mut receiver = tree.broker(MASTER).receiver(Accept::Anyone, WINDOW);
    let mut sender = tree.broker(ids[3]).sender(receiver.address()).unwrap();
    let sending = async {
        for n in 0..20_000_u32 {
            sender.send(&n).await.unwrap();
        }
        sender.finish().await.unwrap();
    };
    let receiving = async {
        for n in 0..20_000_u32 {
            let received = receiver.next().await;
            assert_eq!(received.from, ids[3]);
            assert_eq!(number(received.item), n);
        }
        assert_eq!(next(&mut receiver).await, Item::End);
    };
    tokio::join!(sending, receiving);
    assert!(receiver.try_next().is_none());
    drop(receiver);
    tree.idle().await;
}

#[tokio::test]
async fn bytes_come_whole_over_many_hops_in_both_directions() {
    let (tree, ids) = Tree::line(false, 4).await;
    for (from, to) in [(MASTER, ids[4]), (ids[4], MASTER)] {
        // A window larger than the first credit is granted with the first piece.
        let mut receiver = tree.broker(to).receiver(Accept::Context(from), 4 * WINDOW);
        let mut sender = tree.broker(from).byte_sender(receiver.address()).unwrap();
        let all: Bytes = (0..9_000_001_u32).map(|n| (n % 251) as u8).collect();
        let sending = async {
            sender.send(all.clone()).await.unwrap();
            sender.finish().await.unwrap();
        };
        let receiving = async {
            let mut got = Vec::new();
            loop {
                match next(&mut receiver).await {
                    Item::Bytes(piece) => {
                        assert!(piece.len() <= IO_SIZE);
                        got.extend_from_slice(&piece);
                    }
                    Item::End => break got,
                    other => panic!("{other:?}"),
                }
            }
        };
        let ((), got) = tokio::join!(sending, receiving);
        assert!(got == all);
    }
    tree.idle().await;
}

#[tokio::test]
async fn one_sender_that_aborts_or_is_dropped_ends_itself_and_no_other() {
    let (tree, ids) = Tree::line(false, 2).await;
    let mut receiver = tree.broker(MASTER).receiver(Accept::Anyone, WINDOW);
    let leaf = tree.broker(ids[2]);
    let mut aborts = leaf.sender(receiver.address()).unwrap();
    let mut dropped = leaf.sender(receiver.address()).unwrap();
    let mut stays = leaf.sender(receiver.address()).unwrap();
    for sender in [&mut aborts, &mut dropped, &mut stays] {
        sender.send(&1).await.unwrap();
        assert_eq!(number(next(&mut receiver).await), 1);
    }
    let why = Dead {
        reason: DeadReason::Crashed,
        at: ids[2],
    };
    aborts.abort(&why);
    assert_eq!(next(&mut receiver).await, Item::Dead(why));
    drop(dropped);
    let closed = Dead {
        reason: DeadReason::Closed,
        at: ids[2],
    };
    assert_eq!(next(&mut receiver).await, Item::Dead(closed.clone()));
    stays.send(&2).await.unwrap();
    assert_eq!(number(next(&mut receiver).await), 2);
    stays.finish().await.unwrap();
    assert_eq!(next(&mut receiver).await, Item::End);
    // One that has never said anything is missed, too.
    drop(leaf.byte_sender(receiver.address()).unwrap());
    assert_eq!(next(&mut receiver).await, Item::Dead(closed));
    drop(receiver);
    tree.idle().await;
}

#[tokio::test]
async fn a_receiver_that_is_dropped_tells_its_senders() {
    let (tree, ids) = Tree::line(false, 3).await;
    let mut receiver = tree.broker(MASTER).receiver(Accept::Anyone, WINDOW);
    let mut known = tree.broker(ids[3]).sender(receiver.address()).unwrap();
    let mut late = tree.broker(ids[3]).sender(receiver.address()).unwrap();
    known.send(&1).await.unwrap();
    assert_eq!(number(next(&mut receiver).await), 1);
    drop(receiver);
    assert_eq!(until_refused(&mut known).await.reason, DeadReason::Closed);
    assert_eq!(
        until_refused(&mut late).await.reason,
        DeadReason::InvalidHandle
    );
    drop((known, late));
    tree.idle().await;
}

#[tokio::test]
async fn a_sender_that_waits_for_credit_learns_that_the_receiver_is_gone() {
    let (tree, ids) = Tree::line(false, 2).await;
    let receiver = tree.broker(MASTER).receiver(Accept::Anyone, WINDOW);
    let mut sender = tree.broker(ids[2]).byte_sender(receiver.address()).unwrap();
    let dropping = async {
        super::support::until(|| tree.queued(ids[1], MASTER) == 0).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(receiver);
    };
    let sending = timeout(PATIENCE, sender.send(vec![0; 64 << 20].into()));
    let (sent, ()) = tokio::join!(sending, dropping);
    assert_eq!(sent.unwrap().unwrap_err().reason, DeadReason::Closed);
    drop(sender);
    tree.idle().await;
}

#[tokio::test]
async fn both_ends_learn_that_the_other_context_is_gone() {
    let (tree, ids) = Tree::line(false, 3).await;
    let mut up = tree.broker(MASTER).receiver(Accept::Anyone, WINDOW);
    let mut silent = tree
        .broker(MASTER)
        .receiver(Accept::Context(ids[3]), WINDOW);
    let mut sender = tree.broker(ids[3]).sender(up.address()).unwrap();
    let down = tree.broker(ids[3]).receiver(Accept::Above, WINDOW);
    let mut to_leaf = tree.broker(MASTER).sender(down.address()).unwrap();
    sender.send(&1).await.unwrap();
    to_leaf.send(&1).await.unwrap();
    assert_eq!(number(next(&mut up).await), 1);
    tree.cut(ids[2]);
    let gone = Dead {
        reason: DeadReason::LinkDown(Down::ClosedHere),
        at: ids[1],
    };
    assert_eq!(next(&mut up).await, Item::Dead(gone.clone()));
    // It has not said anything, and yet somebody waits for it.
    assert_eq!(next(&mut silent).await, Item::Dead(gone.clone()));
    assert_eq!(until_refused(&mut to_leaf).await, gone);
    let reason = until_refused(&mut sender).await.reason;
    let no_way = matches!(reason, DeadReason::LinkDown(_) | DeadReason::NoRoute(_));
    assert!(no_way, "{reason:?}");
    // Whoever comes too late to hear it is told at once.
    let mut late = tree
        .broker(MASTER)
        .receiver(Accept::Context(ids[3]), WINDOW);
    assert!(matches!(next(&mut late).await, Item::Dead(_)));
    drop((up, silent, late, sender, down, to_leaf));
    tree.idle().await;
}

#[tokio::test]
async fn a_slow_reader_costs_the_hops_no_more_than_its_window() {
    let (tree, ids) = Tree::line(false, 3).await;
    let total = 8 << 20;
    let mut receiver = tree.broker(ids[3]).receiver(Accept::Above, 2 * WINDOW);
    let mut sender = tree.broker(MASTER).byte_sender(receiver.address()).unwrap();
    let sending = async {
        sender.send(vec![1; total].into()).await.unwrap();
        sender.finish().await.unwrap();
    };
    let receiving = async {
        let mut got = 0;
        loop {
            for (at, peer) in [(ids[1], ids[2]), (ids[2], ids[3])] {
                let queued = tree.queued(at, peer);
                assert!(queued <= 2 * WINDOW + IO_SIZE as u64 + 1000, "{queued}");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
            match next(&mut receiver).await {
                Item::Bytes(piece) => got += piece.len(),
                Item::End => break got,
                other => panic!("{other:?}"),
            }
        }
    };
    let ((), got) = tokio::join!(sending, receiving);
    assert_eq!(got, total);
    drop(receiver);
    tree.idle().await;
}

#[tokio::test]
async fn a_reader_that_does_not_read_stops_its_sender_and_nobody_else() {
    let (tree, ids) = Tree::line(false, 2).await;
    let receiver = tree.broker(MASTER).receiver(Accept::Anyone, WINDOW);
    let mut stuck = tree.broker(ids[2]).byte_sender(receiver.address()).unwrap();
    let sending = stuck.send(vec![0; 64 << 20].into());
    let sent = timeout(Duration::from_millis(300), sending).await;
    assert!(sent.is_err(), "nobody has taken anything");
    let mut other = tree.broker(MASTER).receiver(Accept::Anyone, WINDOW);
    let mut sender = tree.broker(ids[2]).sender(other.address()).unwrap();
    sender.send(&3).await.unwrap();
    assert_eq!(number(next(&mut other).await), 3);
    assert_eq!(tree.queued(ids[2], ids[1]) + tree.queued(ids[1], MASTER), 0);
    drop((receiver, stuck, other, sender));
    tree.idle().await;
}

#[tokio::test]
async fn waiting_for_the_next_thing_can_be_given_up_at_any_time() {
    let (tree, ids) = Tree::line(false, 1).await;
    let mut receiver = tree.broker(MASTER).receiver(Accept::Anyone, WINDOW);
    let mut sender = tree.broker(ids[1]).sender(receiver.address()).unwrap();
    let sending = async {
        for n in 0..2000_u32 {
            sender.send(&n).await.unwrap();
            if n % 7 == 0 {
                tokio::task::yield_now().await;
            }
        }
        sender.finish().await.unwrap();
    };
    let receiving = async {
        let mut expected = 0;
        loop {
            let received = tokio::select! {
                biased;
                () = tokio::task::yield_now() => continue,
                received = receiver.next() => received,
            };
            match received.item {
                Item::End => break expected,
                item => assert_eq!(number(item), expected),
            }
            expected += 1;
        }
    };
    let both = async { tokio::join!(sending, receiving).1 };
    assert_eq!(timeout(PATIENCE, both).await.unwrap(), 2000);
}

#[tokio::test]
async fn sending_can_be_given_up_without_a_gap_in_what_comes() {
    let (tree, ids) = Tree::line(false, 2).await;
    let mut receiver = tree.broker(MASTER).receiver(Accept::Anyone, 0);
    let mut sender = tree.broker(ids[2]).sender(receiver.address()).unwrap();
    // The credit is used up, and nobody reads: what waits now is given up.
    let large = |n: u8| raw(vec![n; 100 << 10]);
    for n in 0..3 {
        sender.send_body(large(n)).await.unwrap();
    }
    let given_up = timeout(Duration::from_millis(20), sender.send_body(large(3))).await;
    assert!(given_up.is_err());
    let receiving = async {
        for n in [0, 1, 2, 4] {
            assert_eq!(next(&mut receiver).await, Item::Message(large(n)));
        }
    };
    let (sent, ()) = tokio::join!(sender.send_body(large(4)), receiving);
    sent.unwrap();
    sender.send_body(Body::empty()).await.unwrap_err();
}
