//! The ends of links, and what they say about them.

use super::peer::Peer;
use super::support::{
    ALICE, BOB, Context, LIMITS, MASTER, Pair, call, dead, encode, frame, raw, until,
};
use crate::core::Errand;
use crate::{Broker, Receive};
use bytes::Bytes;
use proto::message::{DeadReason, Down, Outcome};
use proto::router::{Input, Message, Role};
use proto::{Body, Handle, LinkId};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

/// How a master's link to a peer ends that says these bytes, and then no more.
async fn end_after(bytes: &[u8]) -> Down {
    let master = Context::new(MASTER);
    let (mut peer, mut link) = Peer::attach(&master, ALICE, Role::Child);
    peer.writer.write_all(bytes).await.unwrap();
    drop(peer.writer);
    let why = link.down().await;
    master.idle(0).await;
    why
}

fn pong() -> Vec<u8> {
    encode(&frame(
        ALICE,
        MASTER,
        Handle::PONG,
        Handle::NONE,
        &raw(vec![1; 10]),
    ))
}

#[tokio::test]
async fn a_link_that_goes_ends_each_call_over_it_with_the_reason() {
    let mut pair = Pair::new();
    let (mut peer, _other) = Peer::attach(&pair.master, BOB, Role::Child);
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let broker = pair.master.broker.clone();
        calls.spawn(async move { broker.call(ALICE, &call("hang"), &[]).await });
    }
    let guest = pair.slave.guest.clone();
    until(|| guest.alive.load(Ordering::SeqCst) == 20).await;
    let other = pair.master.broker.clone();
    let other = tokio::spawn(async move { other.call(BOB, &call("echo"), &[]).await });
    let asked = peer.next().await.unwrap();

    pair.slave.broker.close(pair.up.id);
    while let Some(outcome) = calls.join_next().await {
        let dead = dead(outcome.unwrap());
        assert_eq!(dead.reason, DeadReason::LinkDown(Down::Closed));
        assert_eq!(dead.at, MASTER);
    }
    assert_eq!(pair.down.down().await, Down::Closed);
    assert_eq!(pair.up.down().await, Down::ClosedHere);
    pair.slave.idle(0).await;
    // A call over another link does not notice.
    assert!(!other.is_finished());
    let answer = Body::with_tail(&Outcome::Returned(Bytes::new()), &[0x80]).unwrap();
    let to = asked.header.reply_to;
    peer.send(&frame(BOB, MASTER, to, Handle::NONE, &answer))
        .await;
    assert_eq!(other.await.unwrap(), Outcome::Returned(vec![0x80].into()));
    pair.master.idle(1).await;
}

#[tokio::test]
async fn the_end_of_a_stream_says_where_it_was() {
    assert_eq!(end_after(b"").await, Down::Closed);
    assert_eq!(end_after(&pong()).await, Down::Closed);
    let truncated = |missing| {
        let text = format!("truncated frame: the stream ended with {missing} bytes missing");
        Down::Corrupt(text)
    };
    assert_eq!(end_after(&pong()[..5]).await, truncated(23));
    assert_eq!(end_after(&pong()[..30]).await, truncated(8));
}

#[tokio::test]
async fn a_corrupt_stream_closes_the_link_and_says_what_was_found() {
    let found = |text: &str| Down::Corrupt(format!("corrupt stream: {text}"));
    let shell = end_after(b"bash: line 1: zymogen: command not found\n").await;
    let magic = "expected a frame beginning with [5a, 59], found [62, 61]";
    assert_eq!(shell, found(magic));
    // Less than a header, and yet it shows what it is.
    assert_eq!(end_after(b"bash: killed\n").await, found(magic));
    let mut version = pong();
    version[2] = 9;
    let why = "expected protocol version 1, found 9";
    assert_eq!(end_after(&version).await, found(why));
    let mut flags = pong();
    flags[3] = 0x40;
    assert_eq!(end_after(&flags).await, found("unknown flags 0x40"));
}

#[tokio::test]
async fn an_oversized_frame_closes_the_link_before_it_is_read() {
    let header = frame(ALICE, MASTER, Handle::PONG, Handle::NONE, &Body::empty()).header;
    let (len, max) = (LIMITS.max_body + 1, LIMITS.max_body);
    let text = format!("oversized frame: a body of {len} bytes, at most {max} are accepted");
    assert_eq!(end_after(&header.encode(len)).await, Down::Corrupt(text));
}

#[tokio::test]
async fn closing_a_link_ends_the_stream_of_a_peer_that_does_not_read() {
    let master = Context::new(MASTER);
    let (mut peer, mut link) = Peer::attach(&master, ALICE, Role::Child);
    let posted = master
        .broker
        .post(ALICE, Handle::PING, raw(vec![0; 1 << 20]));
    posted.await.unwrap();
    // The writer is in the middle of it.
    until(|| master.queued() == 0).await;
    master.broker.close(link.id);
    assert_eq!(link.down().await, Down::ClosedHere);
    let mut rest = Vec::new();
    let read = peer.reader.read_to_end(&mut rest);
    tokio::time::timeout(std::time::Duration::from_secs(10), read)
        .await
        .expect("the writer has let go")
        .unwrap();
    assert!(rest.len() < 1 << 20);
    master.idle(0).await;
}

#[tokio::test]
async fn a_peer_that_reads_no_longer_can_say_its_last_words() {
    let master = Context::new(MASTER);
    let (mut peer, mut link) = Peer::attach(&master, ALICE, Role::Child);
    let head = call("echo");
    let calling = master.broker.call(ALICE, &head, &[]);
    let ending = async {
        let asked = peer.next().await.unwrap();
        drop(peer.reader);
        let posted = master.broker.post(ALICE, Handle::PING, Body::empty());
        posted.await.unwrap();
        until(|| master.queued() == 0).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        // It did what was asked before it went.
        let answer = Body::with_tail(&Outcome::Returned(Bytes::new()), &[0x80]).unwrap();
        let to = asked.header.reply_to;
        let answer = encode(&frame(ALICE, MASTER, to, Handle::NONE, &answer));
        peer.writer.write_all(&answer).await.unwrap();
        peer.writer
    };
    let (outcome, writer) = tokio::join!(calling, ending);
    assert_eq!(outcome, Outcome::Returned(vec![0x80].into()));
    // What it is asked now it will never hear.
    let late = master.broker.call(ALICE, &head, &[]);
    let closing = async {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        drop(writer);
    };
    let (late, ()) = tokio::join!(late, closing);
    assert_eq!(dead(late).reason, DeadReason::LinkDown(Down::Closed));
    assert_eq!(link.down().await, Down::Closed);
    master.idle(0).await;
}

struct Panics;

impl Receive for Panics {
    fn receive(&self, _: &Broker, _: Message) {
        panic!("as it was told");
    }
}

#[tokio::test]
async fn a_link_whose_reader_fails_is_down() {
    let master = Context::with(MASTER, |settings| settings.receive = Arc::new(Panics));
    let (mut peer, mut link) = Peer::attach(&master, ALICE, Role::Child);
    let head = call("hang");
    let calling = master.broker.call(ALICE, &head, &[]);
    let log = frame(
        ALICE,
        MASTER,
        Handle::FORWARD_LOG,
        Handle::NONE,
        &raw(vec![1]),
    );
    let (outcome, ()) = tokio::join!(calling, peer.send(&log));
    let failed = Down::Io("the task that served it failed".to_owned());
    assert_eq!(dead(outcome).reason, DeadReason::LinkDown(failed.clone()));
    assert_eq!(link.down().await, failed);
    master.idle(0).await;
}

#[tokio::test]
async fn a_peer_that_breaks_rules_all_the_time_does_not_fill_the_log() {
    let master = Context::new(MASTER);
    let (_peer, link) = Peer::attach(&master, ALICE, Role::Child);
    let spoofed = frame(BOB, MASTER, Handle::PING, Handle::NONE, &Body::empty());
    let mut errands = Vec::new();
    for _ in 0..1000 {
        let input = Input::Frame {
            link: link.id,
            frame: spoofed.clone(),
        };
        let now = std::time::Instant::now();
        master.broker.lock().drive(now, input, &mut errands);
    }
    let told: Vec<_> = errands
        .into_iter()
        .map(|errand| match errand {
            Errand::Report { count, .. } => count,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512]);
}

#[tokio::test]
async fn what_the_handshake_read_ahead_comes_first() {
    let mut master = Context::new(MASTER);
    let log = |n| {
        frame(
            ALICE,
            MASTER,
            Handle::FORWARD_LOG,
            Handle::NONE,
            &raw(vec![n]),
        )
    };
    let mut ahead = encode(&log(1));
    let second = encode(&log(2));
    ahead.extend_from_slice(&second[..10]);
    let (mut peer, _link) = Peer::attach_after(&master, ALICE, Role::Child, &ahead);
    assert_eq!(master.message().await.body, raw(vec![1]));
    peer.writer.write_all(&second[10..]).await.unwrap();
    assert_eq!(master.message().await.body, raw(vec![2]));
}

#[tokio::test]
async fn messages_come_in_the_order_in_which_they_were_sent() {
    let mut pair = Pair::new();
    for n in 0..200_u8 {
        let posted = pair
            .slave
            .broker
            .post(MASTER, Handle::FORWARD_LOG, raw(vec![n]));
        posted.await.unwrap();
    }
    for n in 0..200_u8 {
        let message = pair.master.message().await;
        assert_eq!((message.src, message.body), (ALICE, raw(vec![n])));
    }
}

#[tokio::test]
async fn a_context_ends_when_its_parent_says_so_and_when_it_is_gone() {
    let pair = Pair::new();
    let posted = pair
        .master
        .broker
        .post(ALICE, Handle::SHUTDOWN, Body::empty());
    posted.await.unwrap();
    pair.slave.broker.shutdown_requested().await;
    // Whoever asks later is told, too.
    pair.slave.broker.shutdown_requested().await;

    let pair = Pair::new();
    pair.master.broker.close(pair.down.id);
    pair.slave.broker.shutdown_requested().await;

    // A parent loses a child and goes on.
    let pair = Pair::new();
    pair.slave.broker.close(pair.up.id);
    pair.master.idle(0).await;
    let wanted = pair.master.broker.shutdown_requested();
    tokio::select! {
        biased;
        () = wanted => panic!("the master ends"),
        () = tokio::task::yield_now() => {}
    }
}

#[tokio::test]
async fn an_unknown_link_can_be_closed() {
    let master = Context::new(MASTER);
    master.broker.close(LinkId(77));
    let (_peer, mut link) = Peer::attach(&master, ALICE, Role::Child);
    master.broker.close(link.id);
    master.broker.close(link.id);
    assert_eq!(link.down().await, Down::ClosedHere);
}

#[tokio::test]
async fn a_broker_that_nobody_holds_leaves_no_task() {
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    let pair = Pair::new();
    let weak = [&pair.master, &pair.slave].map(|it| Arc::downgrade(&it.broker.shared));
    until(|| tasks() == before + 6).await;
    pair.master.broker.close(pair.down.id);
    drop(pair);
    until(|| tasks() == before).await;
    assert!(weak.iter().all(|weak| weak.upgrade().is_none()));
}
