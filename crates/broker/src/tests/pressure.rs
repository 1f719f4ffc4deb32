//! More than the next one reads: memory stays bounded on every hop, no link is lost, nothing is lost, and who has
//! nothing to do with it does not notice.

use super::peer::{PIPE, Peer};
use super::support::{ALICE, BOB, Context, MASTER, call, frame, join, raw, to, until};
use super::tree::Tree;
use crate::{Allow, Broker, IO_SIZE, MAX_WINDOW, Service, WINDOW};
use bytes::Bytes;
use proto::message::{DeadReason, Down, Outcome};
use proto::router::Role;
use proto::{Body, ContextId, Flags, Frame, Handle};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;
use tokio::time::timeout;

const CAROL: ContextId = ContextId(3);

/// What may wait on the way up: eight streams at full credit, and of the rest a frame more than its bound.
const UP: usize = (8 << 20) + (4 << 20) + 4 * (1 << 20);

/// A relay whose parent is moved by hand, with a child that is real, and one that is not.
struct Relay {
    relay: Context,
    child: Broker,
    parent: Peer,
    hostile: Peer,
}

impl Relay {
    fn new() -> Self {
        let relay = Context::with(ALICE, |settings| {
            let echo = Service::new("echo", 1);
            let echo = echo.method("echo", Allow::Anyone, |_, n: u32| async move { Ok(n) });
            settings.services.register(echo);
        });
        let (parent, _) = Peer::attach(&relay, MASTER, Role::Parent);
        let (hostile, _) = Peer::attach(&relay, CAROL, Role::Child);
        let child = Context::with(BOB, |it| it.router.parents = vec![ALICE, MASTER]);
        join(&relay, &child);
        Self {
            relay,
            child: child.broker.clone(),
            parent,
            hostile,
        }
    }
}

/// The child says the same so often that it would fill the relay, and the parent reads nothing.
async fn flood(body: &Body, handle: Handle, reply_to: Handle) {
    let Relay {
        relay,
        child,
        mut parent,
        mut hostile,
    } = Relay::new();
    let flooding: Frame = frame(CAROL, MASTER, handle, reply_to, body);
    let count = (64 << 20) / (body.bytes().len() + 28);
    let one = flooding.clone();
    let sending = tokio::spawn(async move {
        for _ in 0..count {
            hostile.send(&one).await;
        }
        hostile
    });
    // It stands still once the queue is full.
    let mut before = usize::MAX;
    while before != relay.queued() {
        before = relay.queued();
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert!(relay.queued() <= UP, "{} bytes wait", relay.queued());
    }
    assert!(!sending.is_finished());
    let asking = tokio::spawn(async move {
        let answer = child.call_service::<u32>(ALICE, "echo", "echo", &5_u32);
        answer.await
    });
    // The parent reads again: all comes, and what had to wait, too.
    let mut seen = 0;
    while seen < count {
        let next = timeout(Duration::from_secs(20), parent.next()).await;
        let next = next.expect("frames come").expect("the link stays");
        if next.header.src == CAROL {
            assert_eq!(next, flooding);
            seen += 1;
        }
        assert!(relay.queued() <= UP);
    }
    let answer = timeout(Duration::from_secs(20), asking).await;
    assert_eq!(answer.expect("it is answered").unwrap(), Ok(5));
    sending.await.unwrap();
    assert_eq!(relay.broker.inspect().links.len(), 3);
}

#[tokio::test]
async fn a_flood_of_messages_stops_at_the_relay() {
    flood(&raw(vec![1; 30_000]), Handle(5000), Handle::NONE).await;
}

#[tokio::test]
async fn a_flood_of_logs_stops_at_the_relay() {
    flood(&raw(vec![1; 200_000]), Handle::FORWARD_LOG, Handle::NONE).await;
}

#[tokio::test]
async fn a_flood_of_bulk_stops_at_the_relay() {
    let piece = Body::raw(Flags::BULK, vec![1; IO_SIZE].into());
    flood(&piece, Handle(5000), Handle(1000)).await;
}

#[tokio::test]
async fn whatever_a_flood_calls_itself_it_does_not_cost_the_relay_its_parent() {
    let large = raw(vec![1; 1 << 20]);
    flood(&large, Handle(5000), Handle::IS_DEAD).await;
    flood(&large, Handle::CREDIT, Handle::NONE).await;
    flood(&large, Handle::PONG, Handle::NONE).await;
}

/// A master, a relay, and below it one that is moved by hand beside a real one.
pub(super) async fn far() -> (Tree, ContextId, ContextId, ContextId, Peer) {
    let mut tree = Tree::new(false);
    let relay = tree.add(MASTER).await;
    let near = tree.add(relay).await;
    let slow = tree.broker(relay).allocate().await.unwrap();
    let (peer, _) = Peer::attach_to(tree.broker(relay), slow, Role::Child);
    until(|| tree.broker(MASTER).is_below(slow)).await;
    (tree, relay, near, slow, peer)
}

#[tokio::test]
async fn requests_to_a_slow_context_wait_where_they_are_made() {
    let (tree, relay, near, slow, mut peer) = far().await;
    let mut calls = JoinSet::new();
    for n in 0..60_u8 {
        let broker = tree.broker(MASTER).clone();
        calls.spawn(async move {
            let outcome = broker.call(slow, &call("echo"), &vec![n; 500_000]).await;
            assert_eq!(outcome, Outcome::Returned(vec![n].into()));
        });
    }
    until(|| tree.queued(relay, slow) > 2 << 20).await;
    for _ in 0..50 {
        let outcome = tree.call(near, call("echo")).await;
        assert_eq!(outcome, Outcome::Returned(vec![1].into()));
        assert!(tree.queued(relay, slow) < 5 << 20);
        assert!(tree.queued(MASTER, relay) < 1 << 20);
    }
    // Now it reads and answers, one after the other.
    let mut answered = 0;
    while answered < 60 {
        let asked = peer.next().await.unwrap();
        if peer.answered_ping(&asked).await {
            continue;
        }
        answered += 1;
        let body = Outcome::Returned(Bytes::new());
        let last = asked.body[asked.body.len() - 1];
        let body = Body::with_tail(&body, &[last]).unwrap();
        let reply_to = asked.header.reply_to;
        peer.send(&frame(slow, MASTER, reply_to, Handle::NONE, &body))
            .await;
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap();
    }
    tree.idle().await;
}

#[tokio::test]
async fn requests_that_wait_for_a_context_learn_that_it_is_gone() {
    let (tree, relay, _near, slow, peer) = far().await;
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let broker = tree.broker(MASTER).clone();
        let arguments = vec![0; 500_000];
        calls.spawn(async move { broker.call(slow, &call("echo"), &arguments).await });
    }
    until(|| tree.queued(relay, slow) > 2 << 20).await;
    drop(peer);
    while let Some(outcome) = calls.join_next().await {
        let why = super::support::dead(outcome.unwrap()).reason;
        let gone = matches!(why, DeadReason::LinkDown(_) | DeadReason::NoRoute(_));
        assert!(gone, "{why:?}");
    }
    tree.idle().await;
}

#[tokio::test]
async fn what_nobody_answers_waits_on_the_way_and_costs_no_link() {
    let (tree, relay, near, slow, mut peer) = far().await;
    let broker = tree.broker(MASTER).clone();
    let posting = tokio::spawn(async move {
        for n in 0..100_u8 {
            let body = raw(vec![n; 500_000]);
            broker.post(slow, Handle(5000), body).await.unwrap();
        }
    });
    let mut before = u64::MAX;
    while before != tree.queued(relay, slow) {
        before = tree.queued(relay, slow);
        assert!(before <= 9 << 20, "{before} bytes wait");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert!(!posting.is_finished());
    for n in 0..100_u8 {
        let next = timeout(Duration::from_secs(20), peer.next()).await;
        let next = next.expect("it comes").expect("the link stays");
        assert_eq!(next.body, vec![n; 500_000]);
    }
    posting.await.unwrap();
    let outcome = tree.call(near, call("echo")).await;
    assert_eq!(outcome, Outcome::Returned(vec![1].into()));
    tree.idle().await;
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_for_a_minute_while_others_wait_is_given_up() {
    let relay = Context::with(ALICE, |it| it.router.heartbeat = Duration::ZERO);
    let (mut parent, _) = Peer::attach(&relay, MASTER, Role::Parent);
    let (_stuck, mut link) = Peer::attach(&relay, BOB, Role::Child);
    let one = frame(
        MASTER,
        BOB,
        Handle(5000),
        Handle::NONE,
        &raw(vec![0; 1 << 20]),
    );
    let start = tokio::time::Instant::now();
    let sending = async {
        for _ in 0..20 {
            parent.send(&one).await;
        }
    };
    let (why, ()) = tokio::join!(link.down(), sending);
    let text = "the peer does not read what it is sent".to_owned();
    assert_eq!(why, Down::Io(text));
    assert!(start.elapsed() >= Duration::from_secs(60));
    assert_eq!(relay.broker.inspect().links.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_takes_a_little_each_minute_is_waited_for() {
    let relay = Context::with(ALICE, |it| it.router.heartbeat = Duration::ZERO);
    let (mut parent, _) = Peer::attach(&relay, MASTER, Role::Parent);
    let (mut slow, mut link) = Peer::attach(&relay, BOB, Role::Child);
    let one = frame(
        MASTER,
        BOB,
        Handle(5000),
        Handle::NONE,
        &raw(vec![0; 1 << 20]),
    );
    let sending = async {
        for _ in 0..12 {
            parent.send(&one).await;
        }
    };
    let reading = async {
        let mut piece = vec![0; PIPE];
        // In half an hour not even four frames, then all that there is.
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_secs(40)).await;
            slow.reader.read_exact(&mut piece).await.unwrap();
        }
        for _ in 50 * PIPE / (64 << 10)..12 * 16 {
            slow.reader.read_exact(&mut piece).await.unwrap();
        }
    };
    tokio::select! {
        why = link.down() => panic!("{why}"),
        ((), ()) = async { tokio::join!(sending, reading) } => {}
    }
}

#[tokio::test]
async fn a_request_overtakes_a_stream_on_every_hop() {
    let (tree, relay, _near, slow, mut peer) = far().await;
    let mut sender = tree.broker(MASTER).byte_sender(to(slow)).unwrap();
    let handle = sender_handle(&mut peer, &mut sender).await;
    peer.grant(slow, MASTER, handle, 2 * WINDOW).await;
    let sending = tokio::spawn(async move {
        loop {
            if sender.send(vec![0; IO_SIZE].into()).await.is_err() {
                break;
            }
        }
    });
    for _ in 0..10 {
        // All is full that can be filled.
        for _ in 0..20 {
            let piece = peer.next().await.unwrap();
            assert!(piece.header.flags.contains(Flags::BULK));
            let bytes = (28 + piece.body.len()) as u64;
            peer.grant(slow, MASTER, handle, bytes).await;
        }
        until(|| tree.queued(relay, slow) > WINDOW).await;
        let broker = tree.broker(MASTER).clone();
        let asking =
            tokio::spawn(async move { broker.request(slow, Handle(7), raw(vec![1])).await });
        // By now it is wherever it can get to while nobody reads.
        let passed = tree.broker(MASTER).inspect().links[0].sent;
        until(|| tree.broker(MASTER).inspect().links[0].sent > passed).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut pieces = 0;
        let asked = loop {
            let next = peer.next().await.unwrap();
            if !next.header.flags.contains(Flags::BULK) {
                break next;
            }
            pieces += 1;
            let bytes = (28 + next.body.len()) as u64;
            peer.grant(slow, MASTER, handle, bytes).await;
        };
        assert!(pieces <= 3 + PIPE / IO_SIZE, "{pieces} pieces came first");
        let reply_to = asked.header.reply_to;
        peer.send(&frame(slow, MASTER, reply_to, Handle::NONE, &raw(vec![2])))
            .await;
        assert_eq!(asking.await.unwrap(), Ok(raw(vec![2])));
    }
    sending.abort();
}

#[tokio::test]
async fn a_receiver_that_grants_without_end_gets_no_more_on_the_way_than_any() {
    let (tree, relay, near, slow, mut peer) = far().await;
    let mut sender = tree.broker(MASTER).byte_sender(to(slow)).unwrap();
    let handle = sender_handle(&mut peer, &mut sender).await;
    for _ in 0..3 {
        peer.grant(slow, MASTER, handle, u64::MAX).await;
    }
    let sending = tokio::spawn(async move { sender.send(vec![0; 64 << 20].into()).await });
    until(|| tree.queued(relay, slow) > (MAX_WINDOW - WINDOW)).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let outcome = tree.call(near, call("echo")).await;
    assert_eq!(outcome, Outcome::Returned(vec![1].into()));
    let queued = tree.queued(relay, slow);
    assert!(queued <= MAX_WINDOW + 2 * IO_SIZE as u64, "{queued}");
    assert!(!sending.is_finished());
    sending.abort();
}

/// What a sender's frames have in `reply_to`.
async fn sender_handle(peer: &mut Peer, sender: &mut crate::ByteSender) -> Handle {
    sender.send(vec![0].into()).await.unwrap();
    peer.next().await.unwrap().header.reply_to
}
