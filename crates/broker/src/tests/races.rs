//! Ends that come at once: a call's own, its caller's, its link's. Whatever the order, nothing stays behind.

use super::peer::Peer;
use super::support::{ALICE, Context, LIMITS, MASTER, Pair, call, frame, until};
use crate::execute::Turn;
use bytes::Bytes;
use proto::message::{DeadReason, Down, Outcome};
use proto::router::{Input, Role};
use proto::{Body, Handle};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;

/// What a reader does with a CALL_FUNCTION up to the moment in which it has let go of the lock.
fn half_executed(slave: &Context, link: proto::LinkId) -> Vec<crate::core::Errand> {
    let body = Body::new(&call("hang")).unwrap();
    let frame = frame(MASTER, ALICE, Handle::CALL_FUNCTION, Handle(1000), &body);
    let mut errands = Vec::new();
    let now = std::time::Instant::now();
    let input = Input::Frame { link, frame };
    slave.broker.lock().drive(now, input, &mut errands);
    assert_eq!(errands.len(), 1);
    errands
}

#[tokio::test]
async fn a_call_whose_link_goes_before_its_task_is_there_does_not_run_on() {
    let slave = Context::new(ALICE);
    let (_peer, link) = Peer::attach(&slave, MASTER, Role::Parent);
    let errands = half_executed(&slave, link.id);
    slave.broker.close(link.id);
    slave.broker.run(errands, Turn::Over);
    slave.idle(0).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(slave.guest.alive.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_call_that_is_cancelled_before_its_task_is_there_does_not_run_on() {
    let slave = Context::new(ALICE);
    let (_peer, link) = Peer::attach(&slave, MASTER, Role::Parent);
    let errands = half_executed(&slave, link.id);
    let cancel = frame(MASTER, ALICE, Handle::CANCEL, Handle(1000), &Body::empty());
    slave.broker.drive(Input::Frame {
        link: link.id,
        frame: cancel,
    });
    slave.broker.run(errands, Turn::Over);
    slave.idle(1).await;
}

#[tokio::test]
async fn a_request_that_is_dropped_after_its_reply_cancels_nothing() {
    let master = Context::new(MASTER);
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    let head = call("echo");
    let mut calling = Box::pin(master.broker.call(ALICE, &head, &[]));
    let asked = tokio::select! {
        asked = peer.next() => asked.unwrap(),
        _ = &mut calling => panic!("nobody answered"),
    };
    let answer = Body::with_tail(&Outcome::Returned(Bytes::new()), &[0x80]).unwrap();
    let to = asked.header.reply_to;
    peer.send(&frame(ALICE, MASTER, to, Handle::NONE, &answer))
        .await;
    until(|| master.load()[0].0 == 0).await;
    // The reply is there, but nobody has looked at it.
    drop(calling);
    master.idle(1).await;
    let posted = master.broker.post(ALICE, Handle::PONG, Body::empty());
    posted.await.unwrap();
    assert_eq!(peer.next().await.unwrap().header.handle, Handle::PONG);
}

/// Calls that end by themselves, are dropped at any moment, and lose their link, on several threads.
#[test]
fn a_storm_leaves_nothing_behind() {
    let runtime = |threads| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .unwrap()
    };
    let (io, guests) = (runtime(3), runtime(3));
    let handle = guests.handle().clone();
    io.block_on(async {
        for round in 0..30 {
            let slave = Context::with(ALICE, |settings| {
                let (executor, _) = settings.execute.take().unwrap();
                settings.execute = Some((executor, handle.clone()));
            });
            let pair = Pair::of(Context::new(MASTER), slave);
            storm(&pair, round).await;
        }
    });
}

async fn storm(pair: &Pair, round: u64) {
    let mut calls = JoinSet::new();
    for n in 0..60_u64 {
        let broker = pair.master.broker.clone();
        calls.spawn(async move {
            let function = ["echo", "yield", "hang"][(n % 3) as usize];
            let head = call(function);
            let calling = broker.call(ALICE, &head, &[1]);
            let patience = Duration::from_micros(n * round * 7 % 900);
            tokio::time::timeout(patience, calling).await.ok()
        });
    }
    let cut = !round.is_multiple_of(3);
    if cut {
        tokio::time::sleep(Duration::from_micros(round * 31)).await;
        if round.is_multiple_of(2) {
            pair.master.broker.close(pair.down.id);
        } else {
            pair.slave.broker.close(pair.up.id);
        }
    }
    while let Some(outcome) = calls.join_next().await {
        match outcome.unwrap() {
            None => {}
            Some(Outcome::Returned(value)) => assert_eq!(value, [1][..]),
            Some(Outcome::Dead(dead)) => {
                let reason = &dead.reason;
                let gone = matches!(reason, DeadReason::LinkDown(_) | DeadReason::NoRoute(_));
                assert!(gone && cut, "{dead}");
            }
            Some(other) => panic!("{other:?}"),
        }
    }
    let links = usize::from(!cut);
    pair.master.idle(links).await;
    pair.slave.idle(links).await;
    assert_eq!(pair.master.broker.limits(), LIMITS);
    if !cut {
        assert_eq!(
            pair.call("echo", &[2]).await,
            Outcome::Returned(vec![2].into())
        );
        pair.master.broker.close(pair.down.id);
        assert_eq!(pair.up.clone().down().await, Down::Closed);
    }
}
