//! Content that comes before it is asked for: what was pushed, and what belongs to what was asked for.

use super::forest::{Forest, module, noise};
use super::support::{MASTER, until};
use crate::content::Key;
use proto::message::ForwardModule;
use proto::{ContextId, Digest};

const LEN: usize = 1 << 20;

/// More than all that is said beside a content.
const WORDS: u64 = 20_000;

fn digest(n: u8) -> Digest {
    Digest([n; 32])
}

/// Waits until a context has heard of this.
async fn heard(forest: &Forest, at: ContextId, forward: &ForwardModule) {
    let node = &forest.nodes[&at];
    until(|| node.forwarded.lock().unwrap().contains(forward)).await;
}

/// Waits until it is there, without asking for it.
async fn has(forest: &Forest, at: ContextId, n: u8) {
    let store = &forest.nodes[&at].store;
    until(|| store.get(&Key::from(&module(n))).is_some()).await;
}

#[tokio::test]
async fn what_will_be_needed_can_be_pushed() {
    let forest = Forest::new().await;
    forest.shelf.put(&module(4), b"soon");
    let [upper, lower] = forest.relays;
    let target = forest.leaves[0];
    let forward = ForwardModule {
        target,
        content: module(4),
        with: None,
    };
    let server = &forest.nodes[&MASTER].server;
    server
        .push(forest.tree.broker(MASTER), upper, &forward)
        .await;
    for at in [upper, lower, target] {
        heard(&forest, at, &forward).await;
        has(&forest, at, 4).await;
    }
    forest.want(target, &module(4)).await;
    assert_eq!(forest.shelf.asked(), 1);
    // Nobody else has heard of it.
    let other = &forest.nodes[&forest.leaves[1]];
    assert_eq!(*other.forwarded.lock().unwrap(), []);
    forest.tree.idle().await;
}

/// A master with three modules, of which the second and third belong to the first.
async fn related() -> Forest {
    let forest = Forest::new().await;
    for n in 1..=3 {
        forest.shelf.put(&module(n), &noise(LEN));
    }
    let others = vec![module(2), module(3)];
    forest
        .shelf
        .related
        .lock()
        .unwrap()
        .insert(digest(1), others);
    forest
}

#[tokio::test]
async fn what_belongs_together_comes_to_a_grandchild_that_asks_for_one_of_it() {
    let forest = related().await;
    let [left, right] = forest.leaves;
    let before = forest.sent(MASTER);
    forest.want(left, &module(1)).await;
    for n in 2..=3 {
        has(&forest, left, n).await;
    }
    forest.tree.idle().await;
    // Each of them was asked for once by the first hop, and sent once.
    assert_eq!(forest.shelf.asked(), 3);
    let cost = forest.sent(MASTER) - before;
    assert!(cost < 3 * LEN as u64 + WORDS, "{cost} bytes");
    // What it wants next costs nothing any more.
    let before = forest.sent(left);
    forest.want(left, &module(2)).await;
    forest.want(left, &module(3)).await;
    assert_eq!(forest.sent(left), before);
    // The next one gets it all from the last hop, which knows what belongs together.
    let before = [MASTER, forest.relays[0]].map(|at| forest.sent(at));
    forest.want(right, &module(1)).await;
    for n in 2..=3 {
        has(&forest, right, n).await;
    }
    assert_eq!([MASTER, forest.relays[0]].map(|at| forest.sent(at)), before);
    forest.tree.idle().await;
}

#[tokio::test]
async fn who_asks_hears_what_belongs_to_it_before_it_comes() {
    let forest = related().await;
    let leaf = forest.leaves[0];
    forest.want(leaf, &module(1)).await;
    // By now it was told.
    let forwarded = forest.nodes[&leaf].forwarded.lock().unwrap().clone();
    let expected = [2, 3].map(|n| ForwardModule {
        target: leaf,
        content: module(n),
        with: Some(digest(1)),
    });
    assert_eq!(forwarded, expected);
}

#[tokio::test]
async fn a_hop_gets_only_what_it_has_not() {
    let forest = related().await;
    let [upper, lower] = forest.relays;
    forest.want(lower, &module(2)).await;
    let before = [MASTER, upper].map(|at| forest.sent(at));
    forest.want(forest.leaves[0], &module(1)).await;
    has(&forest, forest.leaves[0], 2).await;
    has(&forest, forest.leaves[0], 3).await;
    forest.tree.idle().await;
    for (at, before) in [MASTER, upper].into_iter().zip(before) {
        let cost = forest.sent(at) - before;
        assert!(cost < 2 * LEN as u64 + WORDS, "{cost} bytes of {at:?}");
    }
    assert_eq!(forest.shelf.asked(), 3);
}

#[tokio::test]
async fn two_that_belong_to_each_other_are_not_asked_for_without_end() {
    let forest = Forest::new().await;
    for (n, other) in [(1, 2), (2, 1)] {
        forest.shelf.put(&module(n), &noise(LEN));
        let related = &forest.shelf.related;
        related
            .lock()
            .unwrap()
            .insert(digest(n), vec![module(other)]);
    }
    // It cannot use them, and keeps neither.
    let leaf = forest.leaves[0];
    let node = &forest.nodes[&leaf];
    node.store.set_bound(0);
    forest.want(leaf, &module(1)).await;
    until(|| node.forwarded.lock().unwrap().len() >= 2).await;
    forest.tree.idle().await;
    let forwarded = node.forwarded.lock().unwrap().clone();
    let expected = [(2, 1), (1, 2)].map(|(n, with)| ForwardModule {
        target: leaf,
        content: module(n),
        with: Some(digest(with)),
    });
    assert_eq!(forwarded, expected);
}
