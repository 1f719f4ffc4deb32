//! What is sent to a context that is no neighbour: in order, no more than may be on its way, and not behind what was
//! read but not answered.

use super::pressure::far;
use super::support::{MASTER, call, frame, raw, until};
use super::tree::Tree;
use crate::pacing::Pacing;
use bytes::Bytes;
use proto::message::{Call, EndChain, Outcome};
use proto::{Body, ContextId, Handle};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::task::{JoinHandle, JoinSet, unconstrained};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// Begins to wait for something, and lets it go on elsewhere.
fn begun<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    let mut work = Box::pin(work);
    // Whoever takes it over asks again how far it is.
    let mut context = Context::from_waker(Waker::noop());
    let begun = pin!(unconstrained(work.as_mut())).poll(&mut context);
    assert!(begun.is_pending());
    tokio::spawn(work)
}

#[tokio::test]
async fn what_was_read_and_not_answered_keeps_nobody_waiting() {
    let (tree, ids) = Tree::line(false, 3).await;
    let (master, leaf) = (tree.broker(MASTER), ids[3]);
    let mut hanging = JoinSet::new();
    for _ in 0..10 {
        let broker = master.clone();
        let arguments = vec![0; 1_000_000];
        hanging.spawn(async move { broker.call(leaf, &call("hang"), &arguments).await });
    }
    until(|| tree.alive(leaf) == 10).await;
    let small = timeout(PATIENCE, tree.call(leaf, call("echo"))).await;
    let small = small.expect("it does not wait for the others");
    assert_eq!(small, Outcome::Returned(vec![1].into()));
    // Nor one that is as large as they are together.
    let large = Bytes::from(vec![7; 1_000_000]);
    let head = call("echo");
    let outcome = timeout(PATIENCE, master.call(leaf, &head, &large)).await;
    assert_eq!(outcome.unwrap(), Outcome::Returned(large));
    hanging.shutdown().await;
    tree.idle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_to_one_far_context_keep_their_order() {
    let (tree, _relay, _near, slow, mut peer) = far().await;
    let requests: Vec<_> = (0..300_u32)
        .map(|n| {
            let broker = tree.broker(MASTER).clone();
            let mut body = vec![0; if n.is_multiple_of(3) { 600_000 } else { 100 }];
            body[..4].copy_from_slice(&n.to_be_bytes());
            begun(async move { broker.request(slow, Handle(7), raw(body)).await })
        })
        .collect();
    let mut expected = 0_u32;
    while expected < 300 {
        let asked = timeout(PATIENCE, peer.next()).await.unwrap().unwrap();
        if peer.answered_ping(&asked).await {
            continue;
        }
        assert_eq!(asked.body[..4], expected.to_be_bytes());
        expected += 1;
        let to = asked.header.reply_to;
        peer.send(&frame(slow, MASTER, to, Handle::NONE, &raw(vec![1])))
            .await;
    }
    for request in requests {
        request.await.unwrap().unwrap();
    }
    tree.idle().await;
}

#[tokio::test]
async fn nothing_that_belongs_to_a_chain_overtakes_a_call() {
    let (tree, relay, _near, slow, mut peer) = far().await;
    let chained = || Call {
        chain: Some(1),
        ..call("echo")
    };
    let mut calls = Vec::new();
    for _ in 0..20 {
        let broker = tree.broker(MASTER).clone();
        let arguments = vec![0; 500_000];
        calls.push(begun(async move {
            broker.call(slow, &chained(), &arguments).await
        }));
    }
    let end = begun(end_chain(&tree, slow));
    let broker = tree.broker(MASTER).clone();
    let last = begun(async move { broker.call_no_reply(slow, &chained(), &[1]).await });
    until(|| tree.queued(relay, slow) > 2 << 20).await;
    let mut came = Vec::new();
    while came.len() < 22 {
        let next = timeout(PATIENCE, peer.next()).await.unwrap().unwrap();
        if !peer.answered_ping(&next).await {
            came.push((next.header.handle, next.body.len() > 500_000));
        }
    }
    let mut expected = vec![(Handle::CALL_FUNCTION, true); 20];
    expected.extend([(Handle::END_CHAIN, false), (Handle::CALL_FUNCTION, false)]);
    assert_eq!(came, expected);
    end.await.unwrap();
    last.await.unwrap().unwrap();
    calls.iter().for_each(JoinHandle::abort);
    for call in calls {
        assert!(call.await.unwrap_err().is_cancelled());
    }
    tree.idle().await;
}

fn end_chain(tree: &Tree, to: ContextId) -> impl Future<Output = ()> + use<> {
    let broker = tree.broker(MASTER).clone();
    async move {
        let body = Body::new(&EndChain { chain: 1 }).unwrap();
        broker.post(to, Handle::END_CHAIN, body).await.unwrap();
    }
}

#[tokio::test]
async fn what_may_not_have_come_is_asked_for_and_not_forgotten() {
    let mut pacing = Pacing::default();
    let slow = ContextId(1);
    let (pace, _) = pacing.of(slow);
    let turn = pace.turn(1 << 20, |_| panic!("there is room")).await;
    assert!(turn.sent().is_none());
    let others = 2..1100;
    let asked = others.flat_map(|id| pacing.of(ContextId(id)).1);
    let [(context, unread)] = <[_; 1]>::try_from(asked.collect::<Vec<_>>()).unwrap();
    assert_eq!(context, slow);
    // As long as there is no answer it weighs.
    let (pace, _) = pacing.of(slow);
    let turn = timeout(Duration::ZERO, pace.clone().turn(4 << 20, |_| ())).await;
    assert!(turn.is_err());
    drop(unread);
    let turn = timeout(PATIENCE, pace.turn(4 << 20, |_| ())).await;
    assert!(turn.is_ok());
}

#[tokio::test]
async fn pacing_forgets_whom_nobody_asks() {
    let (tree, ids) = Tree::line(false, 2).await;
    // A leaf knows nobody but its parent, and asks that for whomever it is told to.
    for n in 0..3000 {
        let asked = tree
            .broker(ids[2])
            .request(ContextId(500_000 + n), Handle(7), Body::empty())
            .await;
        assert!(asked.is_err());
    }
    assert!(tree.broker(ids[2]).lock().pacing.len() <= 2048);
}
