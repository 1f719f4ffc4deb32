//! What channels do not allow: more than was granted, too many senders, senders that are not accepted.

use super::channels::{next, number, until_refused};
use super::peer::Peer;
use super::support::{ALICE, Context, MASTER, frame, to, until};
use super::tree::Tree;
use crate::{Item, WINDOW};
use proto::message::{Address, Dead, DeadReason, INITIAL_CREDIT};
use proto::router::{Accept, Role};
use proto::{Body, ContextId, Flags, Handle};

#[tokio::test]
async fn a_peer_that_sends_more_than_it_may_is_cut_off() {
    let master = Context::new(MASTER);
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    let mut receiver = master.broker.receiver(Accept::Anyone, 0);
    let handle = receiver.address().handle;
    let piece = Body::raw(Flags::BULK, vec![0; 64 << 10].into());
    for _ in 0..10 {
        peer.send(&frame(ALICE, MASTER, handle, Handle(1234), &piece))
            .await;
    }
    let told = peer.next().await.unwrap();
    assert_eq!(told.header.handle, Handle(1234));
    assert_eq!(told.header.reply_to, Handle::IS_DEAD);
    let overrun = Dead {
        reason: DeadReason::Overrun,
        at: MASTER,
    };
    let body = Body::raw(told.header.flags, told.body);
    assert_eq!(
        body.decode::<Dead>(super::support::LIMITS).unwrap(),
        overrun
    );
    let mut bytes = 0;
    loop {
        match next(&mut receiver).await {
            Item::Bytes(piece) => bytes += piece.len() as u64,
            item => break assert_eq!(item, Item::Dead(overrun)),
        }
    }
    assert!(bytes <= INITIAL_CREDIT + (64 << 10), "{bytes} were taken");
    assert!(receiver.try_next().is_none());
}

#[tokio::test]
async fn one_context_cannot_have_any_number_of_senders() {
    let (tree, ids) = Tree::line(false, 1).await;
    let mut receiver = tree.broker(MASTER).receiver(Accept::Anyone, WINDOW);
    let mut senders = Vec::new();
    for n in 0..16 {
        let mut sender = tree.broker(ids[1]).sender(receiver.address()).unwrap();
        sender.send(&n).await.unwrap();
        assert_eq!(number(next(&mut receiver).await), n);
        senders.push(sender);
    }
    // However often it is tried: whoever is refused and knows it is forgotten.
    for _ in 0..300 {
        let mut more = tree.broker(ids[1]).sender(receiver.address()).unwrap();
        assert_eq!(until_refused(&mut more).await.reason, DeadReason::Quota);
    }
    // One that has ended makes place for another.
    senders.pop().unwrap().finish().await.unwrap();
    assert_eq!(next(&mut receiver).await, Item::End);
    let mut again = tree.broker(ids[1]).sender(receiver.address()).unwrap();
    again.send(&99).await.unwrap();
    assert_eq!(number(next(&mut receiver).await), 99);
}

#[tokio::test]
async fn last_words_without_a_sender_fill_no_memory() {
    let master = Context::new(MASTER);
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    let mut receiver = master.broker.receiver(Accept::Anyone, 0);
    let handle = receiver.address().handle;
    let why = Dead {
        reason: DeadReason::Crashed,
        at: ALICE,
    };
    for sender in 0..500_u32 {
        let body = Body::with_tail(&why, &(2000 + sender).to_be_bytes()).unwrap();
        peer.send(&frame(ALICE, MASTER, handle, Handle::IS_DEAD, &body))
            .await;
    }
    let ping = frame(ALICE, MASTER, Handle::PING, Handle::NONE, &Body::empty());
    peer.send(&ping).await;
    assert_eq!(peer.next().await.unwrap().header.handle, Handle::PONG);
    let mut count = 0;
    while let Some(received) = receiver.try_next() {
        assert_eq!(received.item, Item::Dead(why.clone()));
        count += 1;
    }
    assert_eq!(count, 16);
}

/// An address goes from one leaf to another, which uses it.
async fn between_siblings(siblings: bool) -> (Tree, ContextId, ContextId) {
    let mut tree = Tree::new(siblings);
    let left = tree.add(MASTER).await;
    let relay = tree.add(MASTER).await;
    let right = tree.add(relay).await;
    (tree, left, right)
}

/// Gives an address to a leaf in a message, as the master would.
async fn given(tree: &Tree, leaf: ContextId, address: Address) -> Address {
    let mut at_leaf = tree.broker(leaf).receiver(Accept::Above, WINDOW);
    let mut giving = tree.broker(MASTER).sender(at_leaf.address()).unwrap();
    giving.send(&address).await.unwrap();
    match next(&mut at_leaf).await {
        Item::Message(body) => body.decode(super::support::LIMITS).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_address_that_was_sent_to_another_context_works_there() {
    let (tree, left, right) = between_siblings(true).await;
    let mut receiver = tree.broker(left).receiver(Accept::Context(right), WINDOW);
    let address = given(&tree, right, receiver.address()).await;
    assert_eq!(address, receiver.address());
    let mut sender = tree.broker(right).sender(address).unwrap();
    sender.send(&5).await.unwrap();
    assert_eq!(number(next(&mut receiver).await), 5);
    // Whoever is gone elsewhere is missed here.
    tree.cut(right);
    assert!(matches!(next(&mut receiver).await, Item::Dead(_)));
    drop((receiver, sender));
    tree.idle().await;
}

#[tokio::test]
async fn without_its_parent_a_context_misses_all_that_is_elsewhere() {
    let (tree, left, right) = between_siblings(true).await;
    let mut receiver = tree.broker(left).receiver(Accept::Anyone, WINDOW);
    let mut sender = tree.broker(right).sender(receiver.address()).unwrap();
    let mut silent = tree.broker(left).receiver(Accept::Context(right), WINDOW);
    sender.send(&5).await.unwrap();
    assert_eq!(number(next(&mut receiver).await), 5);
    tree.cut(left);
    assert!(matches!(next(&mut receiver).await, Item::Dead(_)));
    assert!(matches!(next(&mut silent).await, Item::Dead(_)));
    drop((receiver, silent, sender));
    tree.idle().await;
}

#[tokio::test]
async fn a_sibling_that_never_said_anything_is_missed_too() {
    let (tree, left, right) = between_siblings(true).await;
    let only = Accept::Context(right);
    let mut early = tree.broker(left).receiver(only, WINDOW);
    // All on the way know that somebody asks, and it is there.
    until(|| tree.broker(left).inspect().requests == 0).await;
    assert!(early.try_next().is_none());
    // One that is closed before there is an answer leaves nothing behind.
    drop(tree.broker(left).receiver(only, WINDOW));
    tree.cut(right);
    assert!(matches!(next(&mut early).await, Item::Dead(_)));
    let mut late = tree.broker(left).receiver(only, WINDOW);
    let gone = Dead {
        reason: DeadReason::NoRoute(right),
        at: MASTER,
    };
    assert_eq!(next(&mut late).await, Item::Dead(gone));
    drop((early, late));
    tree.idle().await;
}

#[tokio::test]
async fn a_receiver_for_one_that_may_not_send_there_says_so() {
    let (tree, left, right) = between_siblings(false).await;
    let only = Accept::Context(right);
    let mut receiver = tree.broker(left).receiver(only, WINDOW);
    let refused = Dead {
        reason: DeadReason::Unauthorised,
        at: MASTER,
    };
    assert_eq!(next(&mut receiver).await, Item::Dead(refused));
    drop(receiver);
    tree.idle().await;
}

#[tokio::test]
async fn siblings_that_may_not_talk_are_refused() {
    let (tree, left, right) = between_siblings(false).await;
    let mut receiver = tree.broker(left).receiver(Accept::Anyone, WINDOW);
    let address = given(&tree, right, receiver.address()).await;
    let mut sender = tree.broker(right).sender(address).unwrap();
    let refused = until_refused(&mut sender).await;
    assert_eq!(refused.reason, DeadReason::Unauthorised);
    assert_eq!(refused.at, MASTER);
    assert!(receiver.try_next().is_none());
}

#[tokio::test]
async fn what_a_receiver_does_not_accept_does_not_come() {
    let (tree, ids) = Tree::line(false, 2).await;
    let mut receiver = tree
        .broker(MASTER)
        .receiver(Accept::Context(ids[1]), WINDOW);
    let mut other = tree.broker(ids[2]).sender(receiver.address()).unwrap();
    assert_eq!(
        until_refused(&mut other).await.reason,
        DeadReason::Unauthorised
    );
    assert!(receiver.try_next().is_none());
    // Nobody sends to itself.
    let own = tree.broker(MASTER).sender(receiver.address());
    assert_eq!(own.unwrap_err().reason, DeadReason::NoRoute(MASTER));
    let nowhere = tree.broker(MASTER).sender(to(ContextId(77)));
    assert_eq!(
        nowhere.unwrap_err().reason,
        DeadReason::NoRoute(ContextId(77))
    );
}

/// Ends of channels may be dropped where no runtime is.
#[test]
fn channels_can_be_dropped_outside_of_a_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (tree, ends) = runtime.block_on(async {
        let (tree, ids) = Tree::line(false, 2).await;
        let mut receiver = tree.broker(MASTER).receiver(Accept::Anyone, WINDOW);
        let mut sender = tree.broker(ids[2]).sender(receiver.address()).unwrap();
        sender.send(&1).await.unwrap();
        assert_eq!(number(next(&mut receiver).await), 1);
        (tree, (receiver, sender))
    });
    drop(ends);
    runtime.block_on(tree.idle());
}
