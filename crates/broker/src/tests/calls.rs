//! Calls between two contexts: each has one fate, and leaves nothing behind.

use super::peer::Peer;
use super::support::{
    ALICE, Context, LIMITS, MASTER, MAX_CALLS, Pair, call, dead, frame, raw, until,
};
use bytes::Bytes;
use proto::message::{Dead, DeadReason, Outcome, RefusedKind};
use proto::router::Role;
use proto::{Body, ContextId, Flags, Handle};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_call_returns_what_the_executor_returned() {
    let pair = Pair::new();
    let arguments = Bytes::from_static(&[0x81, 7]);
    let outcome = pair.call("echo", &arguments).await;
    assert_eq!(outcome, Outcome::Returned(arguments));
    let outcome = pair.call("nonsense", &[]).await;
    assert_eq!(outcome, Outcome::Trapped("nonsense is unknown".to_owned()));
    pair.idle().await;
}

#[tokio::test]
async fn large_bodies_travel_compressed() {
    let compress = |settings: &mut crate::Settings| settings.compress_from = Some(1000);
    let master = Context::with(MASTER, compress);
    let slave = Context::with(ALICE, compress);
    let pair = Pair::of(master, slave);
    for len in [10, 100_000, 900_000] {
        let arguments = Bytes::from(vec![7; len]);
        let outcome = pair.call("echo", &arguments).await;
        assert_eq!(outcome, Outcome::Returned(arguments));
    }

    let master = Context::with(MASTER, compress);
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    let body = raw(vec![7; 100_000]);
    let sent = master.broker.post(ALICE, Handle::PING, body.clone()).await;
    assert_eq!(sent, Ok(()));
    let received = peer.next().await.unwrap();
    assert_eq!(received.header.flags, Flags::ZSTD);
    assert!(received.body.len() < 1000);
    let received = Body::raw(received.header.flags, received.body);
    assert_eq!(received.unpacked(LIMITS).unwrap(), body.bytes());
}

#[tokio::test]
async fn a_thousand_calls_at_once_get_each_its_own_answer() {
    let master = Context::new(MASTER);
    let slave = Context::with(ALICE, |settings| settings.router.quotas.calls = 1000);
    let pair = Pair::of(master, slave);
    let mut calls = JoinSet::new();
    for n in 0..1000_u32 {
        let broker = pair.master.broker.clone();
        let function = if n % 2 == 0 { "echo" } else { "yield" };
        calls.spawn(async move {
            let arguments = Bytes::copy_from_slice(&n.to_be_bytes());
            let outcome = broker.call(ALICE, &call(function), &arguments).await;
            assert_eq!(outcome, Outcome::Returned(arguments));
        });
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap();
    }
    pair.idle().await;
}

#[tokio::test]
async fn dropping_the_future_cancels_the_call_on_the_other_side() {
    let pair = Pair::new();
    let guest = pair.slave.guest.clone();
    let broker = pair.master.broker.clone();
    let caller = tokio::spawn(async move { broker.call(ALICE, &call("hang"), &[]).await });
    until(|| guest.alive.load(Ordering::SeqCst) == 1).await;
    assert_eq!(pair.master.load()[0], (1, 0, 1));
    assert_eq!(pair.slave.load(), [(0, 1, 1); 2]);
    caller.abort();
    pair.idle().await;
    assert_eq!(
        pair.call("echo", &[]).await,
        Outcome::Returned(Bytes::new())
    );
}

#[tokio::test]
async fn a_call_that_is_dropped_while_it_waits_for_room_is_never_sent() {
    let master = Context::new(MASTER);
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    // The peer does not read, so that the queue fills up.
    let mut filling = JoinSet::new();
    for _ in 0..10 {
        let broker = master.broker.clone();
        filling.spawn(async move {
            let body = raw(vec![0; LIMITS.max_body as usize]);
            broker.post(ALICE, Handle::PING, body).await
        });
    }
    until(|| master.queued() >= 4 << 20).await;
    let head = call("echo");
    let calling = master.broker.call(ALICE, &head, &[]);
    let timeout = tokio::time::timeout(Duration::from_millis(20), calling).await;
    assert!(timeout.is_err());
    assert_eq!(master.load(), [(0, 0, 1), (0, 0, 1)]);
    filling.abort_all();
    let last = master.broker.clone();
    tokio::spawn(async move { last.post(ALICE, Handle::PONG, Body::empty()).await });
    loop {
        match peer.next().await.unwrap().header.handle {
            Handle::PING => {}
            Handle::PONG => break,
            other => panic!("{other:?} was sent"),
        }
    }
}

#[tokio::test]
async fn an_executor_that_panics_ends_the_call_and_nothing_else() {
    let pair = Pair::new();
    let crashed = Dead {
        reason: DeadReason::Crashed,
        at: ALICE,
    };
    for _ in 0..2 * MAX_CALLS {
        assert_eq!(dead(pair.call("panic", &[]).await), crashed);
    }
    assert_eq!(
        pair.call("echo", &[]).await,
        Outcome::Returned(Bytes::new())
    );
    pair.idle().await;
}

#[test]
fn calls_end_when_the_runtime_of_the_executor_ends() {
    let io = runtime();
    let guests = runtime();
    let handle = guests.handle().clone();
    io.block_on(async move {
        let master = Context::new(MASTER);
        let slave = Context::with(ALICE, |settings| {
            let (executor, _) = settings.execute.take().unwrap();
            settings.execute = Some((executor, handle));
        });
        let pair = Pair::of(master, slave);
        let guest = pair.slave.guest.clone();
        let end = async {
            until(|| guest.alive.load(Ordering::SeqCst) == 1).await;
            guests.shutdown_background();
        };
        let (outcome, ()) = tokio::join!(pair.call("hang", &[]), end);
        assert_eq!(dead(outcome).reason, DeadReason::Crashed);
        // Nothing can be begun there any more, and whoever tries is told.
        assert_eq!(
            dead(pair.call("echo", &[]).await).reason,
            DeadReason::Crashed
        );
        pair.idle().await;
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_call_that_cannot_be_read_is_refused() {
    let pair = Pair::new();
    let broker = &pair.master.broker;
    let reply = broker
        .request(ALICE, Handle::CALL_FUNCTION, raw(vec![0xff]))
        .await
        .unwrap();
    let (outcome, tail) = reply.split::<Outcome>(LIMITS).unwrap();
    assert!(tail.is_empty());
    let Outcome::Refused { kind, message } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(kind, RefusedKind::BadArguments);
    assert_eq!(
        message,
        "malformed message: invalid type: break, expected map"
    );
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_dead() {
    let master = Context::new(MASTER);
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    // The head of an outcome without a value, and yet a value; then no outcome at all.
    for (answer, why) in [
        (&b"\x69cancelled\x00"[..], "1 bytes after its end"),
        (&b"\x00"[..], "expected"),
    ] {
        let answering = async {
            let asked = peer.next().await.unwrap();
            let to = asked.header.reply_to;
            peer.send(&frame(
                ALICE,
                MASTER,
                to,
                Handle::NONE,
                &raw(answer.to_vec()),
            ))
            .await;
        };
        let head = call("echo");
        let (outcome, ()) = tokio::join!(master.broker.call(ALICE, &head, &[]), answering);
        let DeadReason::Malformed(text) = dead(outcome).reason else {
            panic!("it was understood");
        };
        assert!(text.contains(why), "{text}");
    }
}

#[tokio::test]
async fn what_is_too_large_for_the_link_is_not_sent() {
    let pair = Pair::new();
    let max = LIMITS.max_body;
    let arguments = vec![0; max as usize];
    let not_sent = Dead {
        reason: DeadReason::TooLarge(max),
        at: MASTER,
    };
    assert_eq!(dead(pair.call("echo", &arguments).await), not_sent);
    // This one ran, and whoever would try again must be able to tell.
    let ran = Dead {
        reason: DeadReason::OutcomeTooLarge(max),
        at: ALICE,
    };
    assert_eq!(dead(pair.call("grow", &[]).await), ran);
    pair.idle().await;
}

#[tokio::test]
async fn one_call_too_many_is_refused_at_once() {
    let pair = Pair::new();
    let guest = pair.slave.guest.clone();
    let mut calls = JoinSet::new();
    for _ in 0..MAX_CALLS {
        let broker = pair.master.broker.clone();
        calls.spawn(async move { broker.call(ALICE, &call("hang"), &[]).await });
    }
    until(|| guest.alive.load(Ordering::SeqCst) == MAX_CALLS).await;
    assert_eq!(dead(pair.call("echo", &[]).await).reason, DeadReason::Busy);
    calls.shutdown().await;
    pair.idle().await;
}

#[tokio::test]
async fn a_context_without_an_executor_says_so_whatever_its_settings_say() {
    let master = Context::new(MASTER);
    let slave = Context::with(ALICE, |settings| settings.execute = None);
    let pair = Pair::of(master, slave);
    let outcome = pair.call("echo", &[]).await;
    assert_eq!(dead(outcome).reason, DeadReason::InvalidHandle);
}

#[tokio::test]
async fn nobody_calls_a_parent_or_a_context_that_is_not_there() {
    let pair = Pair::new();
    let nobody = ContextId(9);
    let no_route = |at| Dead {
        reason: DeadReason::NoRoute(nobody),
        at,
    };
    let up = pair.slave.broker.call(MASTER, &call("echo"), &[]).await;
    assert_eq!(dead(up).reason, DeadReason::Unauthorised);
    let from_above = pair.master.broker.call(nobody, &call("echo"), &[]).await;
    assert_eq!(dead(from_above), no_route(MASTER));
    let from_below = pair.slave.broker.call(nobody, &call("echo"), &[]).await;
    assert_eq!(dead(from_below), no_route(MASTER));
    assert_eq!(pair.master.guest.begun.load(Ordering::SeqCst), 0);
    pair.idle().await;
}
