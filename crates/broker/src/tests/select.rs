//! Several receivers at once.

use super::channels::number;
use super::support::MASTER;
use super::tree::Tree;
use crate::{Item, Select, WINDOW};
use proto::router::Accept;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn whatever_comes_first_is_taken_and_all_have_their_turn() {
    let (tree, ids) = Tree::line(false, 2).await;
    let broker = tree.broker(MASTER);
    let mut select = Select::default();
    assert!(select.next().await.is_none());
    let mut senders = Vec::new();
    for key in ["a", "b", "c"] {
        let receiver = broker.receiver(Accept::Anyone, WINDOW);
        let sender = tree.broker(ids[2]).sender(receiver.address());
        senders.push(sender.unwrap());
        assert!(select.add(key, receiver).is_none());
    }
    // One that always has something does not keep the others waiting.
    for n in 0..100_u32 {
        senders[0].send(&n).await.unwrap();
    }
    senders[2].send(&7).await.unwrap();
    senders[1].send(&8).await.unwrap();
    let mut others = Vec::new();
    let mut first = 0;
    while others.len() < 2 {
        let next = timeout(PATIENCE, select.next()).await.expect("it comes");
        let (key, received) = next.expect("there are receivers");
        match key {
            "a" => first += 1,
            key => others.push((key, number(received.item), first)),
        }
    }
    others.sort_unstable();
    assert_eq!(
        others.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>(),
        [("b", 8), ("c", 7)]
    );
    while first < 100 {
        let next = timeout(PATIENCE, select.next()).await.expect("it comes");
        let (key, received) = next.expect("there are receivers");
        assert_eq!((key, number(received.item)), ("a", first));
        first += 1;
    }
    drop((select, senders));
    tree.idle().await;
}

#[tokio::test]
async fn waiting_can_be_given_up_and_receivers_taken_back() {
    let (tree, ids) = Tree::line(false, 1).await;
    let broker = tree.broker(MASTER);
    let mut select = Select::default();
    let mut senders = Vec::new();
    for key in [1, 2] {
        let receiver = broker.receiver(Accept::Context(ids[1]), WINDOW);
        let sender = tree.broker(ids[1]).sender(receiver.address());
        senders.push(sender.unwrap());
        select.add(key, receiver);
    }
    // Nothing of what comes is lost, however often nobody waits any longer.
    for n in 0..50_u32 {
        let gave_up = timeout(Duration::ZERO, select.next()).await;
        assert!(gave_up.is_err(), "{gave_up:?}");
        let sender = &mut senders[usize::from(n % 2 == 1)];
        sender.send(&n).await.unwrap();
        let next = timeout(PATIENCE, select.next()).await.expect("it comes");
        let (key, received) = next.expect("there are receivers");
        assert_eq!((key, number(received.item)), (1 + n % 2, n));
    }
    let mut second = select.remove(&2).expect("it is there");
    assert!(select.remove(&2).is_none());
    assert_eq!((select.len(), select.is_empty()), (1, false));
    senders.pop().expect("the second").finish().await.unwrap();
    assert_eq!(super::channels::next(&mut second).await, Item::End);
    drop((select, second, senders));
    tree.idle().await;
}
