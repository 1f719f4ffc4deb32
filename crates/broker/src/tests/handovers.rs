//! Streams whose reader asks for them by a number: over several hops, and when one of the two does not want to.

use super::support::MASTER;
use super::tree::Tree;
use crate::{Broker, Intake, Item, Offer};
use bytes::Bytes;
use proto::message::DeadReason;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it happens")
}

async fn write(broker: Broker, offer: Offer, bytes: &'static [u8]) {
    let mut taken = offer.taken(&broker).await.unwrap();
    let mut sender = taken.bytes().unwrap();
    sender.send(Bytes::from_static(bytes)).await.unwrap();
    sender.finish().await.unwrap();
    taken.left().await;
}

async fn read(mut intake: Intake) -> Vec<u8> {
    let mut read = Vec::new();
    loop {
        match soon(intake.next()).await {
            Item::Bytes(bytes) => read.extend_from_slice(&bytes),
            Item::End => return read,
            other => panic!("{other:?}"),
        }
    }
}

/// Short ones are written before their reader has finished asking.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_read_in_both_directions() {
    let (tree, ids) = Tree::line(false, 3).await;
    let (master, leaf) = (tree.broker(MASTER), tree.broker(ids[3]));
    for _ in 0..200 {
        for (writer, reader) in [(master, leaf), (leaf, master)] {
            let offer = writer.offer(reader.me());
            let number = offer.number();
            let writing = tokio::spawn(write(writer.clone(), offer, b"all of it"));
            let intake = soon(reader.take(writer.me(), number)).await.unwrap();
            assert_eq!(read(intake).await, b"all of it");
            soon(writing).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_reader_that_leaves_is_missed() {
    let (tree, ids) = Tree::line(false, 2).await;
    let (master, leaf) = (tree.broker(MASTER), tree.broker(ids[2]));
    let offer = master.offer(ids[2]);
    let number = offer.number();
    let (taken, intake) = tokio::join!(offer.taken(master), leaf.take(MASTER, number));
    let mut taken = taken.unwrap();
    assert!(
        timeout(Duration::from_millis(50), taken.left())
            .await
            .is_err()
    );
    drop(intake);
    soon(taken.left()).await;
    // It stays known.
    soon(taken.left()).await;
}

#[tokio::test]
async fn an_offer_that_is_withdrawn_is_no_stream() {
    let (tree, ids) = Tree::line(false, 2).await;
    let (master, leaf) = (tree.broker(MASTER), tree.broker(ids[2]));
    let number = master.offer(ids[2]).number();
    let ended = async {
        match leaf.take(MASTER, number).await {
            Ok(mut intake) => intake.next().await,
            Err(dead) => Item::Dead(dead),
        }
    };
    let Item::Dead(dead) = soon(ended).await else {
        panic!("there is something");
    };
    assert_eq!(dead.reason, DeadReason::InvalidHandle);
    // No handle of this kind.
    let known = leaf.take(MASTER, 101).await.unwrap_err();
    assert_eq!(known.reason, DeadReason::InvalidHandle);
}

#[tokio::test]
async fn only_the_one_to_whom_it_was_offered_reads() {
    let (tree, ids) = Tree::line(false, 2).await;
    let (master, other) = (tree.broker(MASTER), tree.broker(ids[1]));
    let offer = master.offer(ids[2]);
    let number = offer.number();
    let mut taken = Box::pin(offer.taken(master));
    let refused = async {
        match other.take(MASTER, number).await {
            Ok(mut intake) => intake.next().await,
            Err(dead) => Item::Dead(dead),
        }
    };
    let ended = tokio::select! {
        ended = soon(refused) => ended,
        _ = &mut taken => panic!("somebody else reads it"),
    };
    assert!(matches!(ended, Item::Dead(_)), "{ended:?}");
}

#[tokio::test]
async fn a_writer_learns_that_the_context_of_its_reader_is_gone() {
    let (tree, ids) = Tree::line(false, 2).await;
    let offer = tree.broker(MASTER).offer(ids[2]);
    let master = tree.broker(MASTER).clone();
    tree.cut(ids[2]);
    let dead = soon(offer.taken(&master)).await.unwrap_err();
    assert!(matches!(dead.reason, DeadReason::LinkDown(_)), "{dead}");
}
