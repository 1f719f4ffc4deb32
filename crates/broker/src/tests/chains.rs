//! Chains of calls: in order, and none behind one that has not returned.

use super::support::{MASTER, MAX_CALLS, call, dead, until};
use super::tree::Tree;
use crate::Broker;
use crate::chain::Chains;
use bytes::Bytes;
use proto::message::{Call, DeadReason, EndChain, Outcome};
use proto::{Body, ContextId, Handle};
use std::time::Duration;
use tokio::task::JoinHandle;

fn chained(function: &str, chain: u64) -> Call {
    Call {
        chain: Some(chain),
        ..call(function)
    }
}

async fn end(broker: &Broker, to: ContextId, chain: u64) {
    let body = Body::new(&EndChain { chain }).unwrap();
    broker.post(to, Handle::END_CHAIN, body).await.unwrap();
}

/// Begins a call, and waits until it has been sent.
async fn begun(tree: &Tree, to: ContextId, call: Call) -> JoinHandle<Outcome> {
    let broker = tree.broker(MASTER).clone();
    let before = requests(tree);
    let calling = tokio::spawn(async move { broker.call(to, &call, &[1]).await });
    until(|| requests(tree) > before).await;
    calling
}

fn requests(tree: &Tree) -> u32 {
    tree.broker(MASTER).inspect().requests
}

fn one() -> Outcome {
    Outcome::Returned(Bytes::from_static(&[1]))
}

#[tokio::test]
async fn the_calls_of_a_chain_wait_for_each_other() {
    let (tree, ids) = Tree::line(false, 2).await;
    let leaf = ids[2];
    let first = begun(&tree, leaf, chained("hang", 1)).await;
    until(|| tree.begun(leaf) == 1).await;
    let second = begun(&tree, leaf, chained("echo", 1)).await;
    // Another chain, and a call in none, do not wait.
    let other = tree.call(leaf, chained("echo", 2));
    assert_eq!(other.await, one());
    let free = tree.call(leaf, call("echo"));
    assert_eq!(free.await, one());
    assert_eq!(tree.begun(leaf), 3);
    assert!(!second.is_finished());
    // Once one of them is given up, none behind it is executed.
    first.abort();
    assert_eq!(second.await.unwrap(), Outcome::Cancelled);
    let third = tree.call(leaf, chained("echo", 1));
    assert_eq!(third.await, Outcome::Cancelled);
    assert_eq!(tree.begun(leaf), 3);
    // The other chain goes on.
    let other = tree.call(leaf, chained("echo", 2));
    assert_eq!(other.await, one());
    end(tree.broker(MASTER), leaf, 1).await;
    end(tree.broker(MASTER), leaf, 2).await;
    tree.idle().await;
}

#[tokio::test]
async fn what_did_not_return_is_the_outcome_of_all_behind_it() {
    let (tree, ids) = Tree::line(false, 3).await;
    let (master, leaf) = (tree.broker(MASTER), ids[3]);
    let mut calls = Vec::new();
    for function in ["yield", "echo", "nonsense", "echo", "echo"] {
        calls.push(begun_fast(&tree, leaf, function));
        tokio::task::yield_now().await;
    }
    let mut outcomes = Vec::new();
    for call in calls {
        outcomes.push(call.await.unwrap());
    }
    let trapped = Outcome::Trapped("nonsense is unknown".to_owned());
    let expected = [one(), one(), trapped.clone(), trapped.clone(), trapped];
    assert_eq!(outcomes, expected);
    assert_eq!(tree.begun(leaf), 3);
    // It begins anew.
    end(master, leaf, 9).await;
    let again = master.call(leaf, &chained("echo", 9), &[1]).await;
    assert_eq!(again, one());
    assert_eq!(tree.begun(leaf), 4);
    end(master, leaf, 9).await;
    tree.idle().await;
}

fn begun_fast(tree: &Tree, leaf: ContextId, function: &str) -> JoinHandle<Outcome> {
    let broker = tree.broker(MASTER).clone();
    let call = chained(function, 9);
    tokio::spawn(async move { broker.call(leaf, &call, &[1]).await })
}

#[tokio::test]
async fn one_that_is_cancelled_while_it_waits_ends_the_chain_behind_it() {
    let (tree, ids) = Tree::line(false, 1).await;
    let leaf = ids[1];
    let first = begun(&tree, leaf, chained("hang", 1)).await;
    let second = begun(&tree, leaf, chained("echo", 1)).await;
    let third = begun(&tree, leaf, chained("echo", 1)).await;
    until(|| tree.broker(leaf).calls() == 3).await;
    second.abort();
    until(|| tree.broker(leaf).calls() < 3).await;
    assert_eq!(third.await.unwrap(), Outcome::Cancelled);
    assert!(!first.is_finished());
    assert_eq!(tree.begun(leaf), 1);
    first.abort();
    end(tree.broker(MASTER), leaf, 1).await;
    tree.idle().await;
}

#[tokio::test]
async fn one_that_is_not_taken_ends_the_chain_behind_it() {
    let (tree, ids) = Tree::line(false, 2).await;
    let leaf = ids[2];
    let first = begun(&tree, leaf, chained("release", 1)).await;
    let mut others = Vec::new();
    for _ in 1..MAX_CALLS {
        others.push(begun(&tree, leaf, call("hang")).await);
    }
    until(|| tree.broker(leaf).calls() == MAX_CALLS).await;
    // The chain of the first one, and one that has no other call.
    for chain in [1, 2] {
        let busy = dead(tree.call(leaf, chained("echo", chain)).await);
        assert_eq!(busy.reason, DeadReason::Busy);
    }
    let begun = tree.begun(leaf);
    for other in others {
        other.abort();
    }
    until(|| tree.broker(leaf).calls() == 1).await;
    tree.guest(leaf).released.notify_one();
    assert_eq!(first.await.unwrap(), one());
    for chain in [1, 2, 1, 2] {
        let behind = dead(tree.call(leaf, chained("echo", chain)).await);
        assert_eq!(behind.reason, DeadReason::Busy);
        assert_eq!(behind.at, leaf);
    }
    assert_eq!(tree.begun(leaf), begun);
    for chain in [1, 2] {
        end(tree.broker(MASTER), leaf, chain).await;
        let again = tree.call(leaf, chained("echo", chain));
        assert_eq!(again.await, one());
        end(tree.broker(MASTER), leaf, chain).await;
    }
    tree.idle().await;
}

#[tokio::test]
async fn callers_do_not_share_their_numbers() {
    let (tree, ids) = Tree::line(false, 2).await;
    let hanging = begun(&tree, ids[2], chained("hang", 1)).await;
    let relay = tree.broker(ids[1]);
    let outcome = relay.call(ids[2], &chained("echo", 1), &[1]).await;
    assert_eq!(outcome, one());
    hanging.abort();
    end(relay, ids[2], 1).await;
    end(tree.broker(MASTER), ids[2], 1).await;
    tree.idle().await;
}

#[tokio::test]
async fn chains_go_with_their_caller_and_have_an_end_in_number() {
    let (tree, ids) = Tree::line(false, 2).await;
    let leaf = ids[2];
    for chain in 0..4096 {
        let outcome = tree.call(leaf, chained("echo", chain));
        assert_eq!(outcome.await, one());
    }
    let more = tree.call(leaf, chained("echo", 5000));
    let busy = dead(more.await);
    assert_eq!(busy.reason, DeadReason::Busy);
    assert_eq!(tree.begun(leaf), 4096);
    // What comes behind it is not executed, also where there is place again.
    end(tree.broker(MASTER), leaf, 0).await;
    let behind = dead(tree.call(leaf, chained("echo", 5000)).await);
    assert_eq!(behind.reason, DeadReason::Busy);
    assert_eq!(tree.begun(leaf), 4096);
    end(tree.broker(MASTER), leaf, 5000).await;
    let again = tree.call(leaf, chained("echo", 5000));
    assert_eq!(again.await, one());
    tree.cut(leaf);
    tokio::time::timeout(Duration::from_secs(10), tree.idle())
        .await
        .expect("they are forgotten");
}

#[test]
fn no_chain_that_may_have_failed_goes_on() {
    let mut chains = Chains::default();
    let (caller, other) = (MASTER, ContextId(1));
    for chain in 0..10_000 {
        if chains.join(caller, chain).is_none() {
            chains.fail(caller, chain, Outcome::Cancelled);
        }
    }
    assert_eq!(chains.len(), 8192);
    assert!(chains.join(other, 1).is_none());
    // There is place again, but 9000 has failed, and whether 10 000 has nobody knows.
    (0..8192).for_each(|chain| chains.end(caller, chain));
    assert!(chains.join(caller, 9000).is_none());
    assert!(chains.join(caller, 10_000).is_none());
    assert!(chains.join(other, 1).is_some());
    chains.gone(|context| context == caller);
    assert!(chains.join(caller, 9000).is_some());
}
