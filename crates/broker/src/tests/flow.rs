//! Who waits for whom: memory stays bounded, and bulk data stands behind everything else.

use super::peer::{PIPE, Peer};
use super::support::{ALICE, BOB, Context, LIMITS, MASTER, Pair, call, frame, raw, to, until};
use crate::{IO_SIZE, Item, WINDOW};
use bytes::Bytes;
use proto::header::HEADER_LEN;
use proto::message::{DeadReason, Down, Outcome};
use proto::router::{Accept, Role};
use proto::{Body, Flags, FrameDecoder, Handle};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as Cx, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinSet;

/// What may wait to be written, as `lane.rs` has it.
const CONTROL_BOUND: usize = 4 << 20;
const LOG_BOUND: usize = 256 << 10;
const BULK_BOUND: usize = 4 * IO_SIZE;

/// What a frame costs beside its body.
const OVERHEAD: usize = HEADER_LEN + size_of::<proto::Frame>();

/// One chunk of bulk data on the wire.
const CHUNK: usize = HEADER_LEN + IO_SIZE;

#[tokio::test]
async fn a_peer_that_never_reads_costs_a_bounded_queue_and_nobody_else() {
    let pair = Pair::new();
    let (mut peer, _link) = Peer::attach(&pair.master, BOB, Role::Child);
    let mut senders = JoinSet::new();
    let len = 64 << 10;
    for _ in 0..400 {
        let broker = pair.master.broker.clone();
        senders.spawn(async move { broker.post(BOB, Handle::PING, raw(vec![0; len])).await });
    }
    for n in 0..4 {
        let mut sender = pair.master.broker.byte_sender(to(BOB)).unwrap();
        peer.grant(BOB, MASTER, Handle(1000 + n), 1 << 40).await;
        let bytes = Bytes::from(vec![0; 8 << 20]);
        senders.spawn(async move {
            sender.send(bytes).await?;
            sender.finish().await
        });
    }
    let bound = CONTROL_BOUND + OVERHEAD + len + BULK_BOUND + OVERHEAD + IO_SIZE;
    until(|| pair.master.queued() > CONTROL_BOUND).await;
    for n in 0..100 {
        let arguments = Bytes::from(vec![n; 1000]);
        let outcome = pair.call("echo", &arguments).await;
        assert_eq!(outcome, Outcome::Returned(arguments));
        assert!(pair.master.queued() < bound);
    }
    // Once it reads, all of it comes.
    let mut received = 0;
    while received < 400 * len + 4 * (8 << 20) {
        received += peer.next().await.unwrap().body.len();
        assert!(pair.master.queued() < bound);
    }
    while let Some(sent) = senders.join_next().await {
        sent.unwrap().unwrap();
    }
}

#[tokio::test]
async fn what_a_guest_has_to_say_puts_little_before_the_outcomes() {
    let slave = Context::new(ALICE);
    let (mut peer, _link) = Peer::attach(&slave, MASTER, Role::Parent);
    let broker = slave.broker.clone();
    let chatty = tokio::spawn(async move {
        for n in (0..=u8::MAX).cycle() {
            let record = raw(vec![n; 1000]);
            let posted = broker.post(MASTER, Handle::FORWARD_LOG, record).await;
            posted.unwrap();
        }
    });
    until(|| slave.queued() >= LOG_BOUND).await;
    assert!(slave.queued() < LOG_BOUND + OVERHEAD + 1000);
    // Whoever else has something to say need not wait for the one that talks all the time.
    let outcome = slave
        .broker
        .post(MASTER, Handle(1000), raw(b"outcome".to_vec()));
    outcome.await.unwrap();
    chatty.abort();
    let mut expected = 0;
    loop {
        let frame = peer.next().await.unwrap();
        if frame.header.handle == Handle(1000) {
            break;
        }
        // What was said before it comes before it, and in order.
        assert_eq!(frame.body, vec![expected; 1000]);
        expected = expected.wrapping_add(1);
    }
    assert!(peer.read <= PIPE + IO_SIZE + LOG_BOUND + 2 * 4096);
}

#[tokio::test]
async fn bulk_stands_behind_a_request() {
    let total = 64 << 20;
    let master = Context::new(MASTER);
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    let mut sender = master.broker.byte_sender(to(ALICE)).unwrap();
    peer.grant(ALICE, MASTER, Handle(1000), 1 << 40).await;
    let sending = tokio::spawn(async move {
        let bytes = Bytes::from(vec![7; total]);
        sender.send(bytes).await?;
        sender.finish().await
    });
    let mut bulk = 0;
    for asked in 0..20 {
        // A reader that takes its time: by now everything is full that can be filled.
        for _ in 0..10 {
            bulk += expect_bulk(&mut peer).await;
        }
        until(|| master.queued() >= BULK_BOUND).await;
        assert!(master.queued() < BULK_BOUND + CHUNK);
        let before = peer.read;
        let broker = master.broker.clone();
        let asking = tokio::spawn(async move {
            let body = raw(vec![asked]);
            broker.request(ALICE, Handle(7), body).await
        });
        until(|| master.load()[0].0 == 1).await;
        let request = loop {
            let frame = peer.next().await.unwrap();
            if !frame.header.flags.contains(Flags::BULK) {
                break frame;
            }
            bulk += frame.body.len();
        };
        // Before it came what was in the pipe, what the writer had in its hands, and what the test had read.
        let ahead = peer.read - before;
        assert!(ahead <= PIPE + CHUNK + 2 * 4096, "{ahead} bytes came first");
        let to = request.header.reply_to;
        peer.send(&frame(ALICE, MASTER, to, Handle::NONE, &raw(vec![asked])))
            .await;
        assert_eq!(asking.await.unwrap(), Ok(raw(vec![asked])));
    }
    while bulk < total {
        bulk += expect_bulk(&mut peer).await;
    }
    sending.await.unwrap().unwrap();
    let end = peer.next().await.unwrap();
    assert_eq!((end.header.flags, end.body.len()), (Flags::BULK, 0));
}

async fn expect_bulk(peer: &mut Peer) -> usize {
    let next = peer.next().await.unwrap();
    assert_eq!(next.header.flags, Flags::BULK);
    assert_eq!(next.header.reply_to, Handle(1000));
    assert!(next.body.len() <= IO_SIZE);
    let bytes = (HEADER_LEN + next.body.len()) as u64;
    peer.grant(ALICE, MASTER, Handle(1000), bytes).await;
    next.body.len()
}

#[tokio::test]
async fn bulk_comes_whole_and_in_order() {
    let pair = Pair::new();
    let bytes: Bytes = (0..1_000_003_u32).map(|n| (n % 251) as u8).collect();
    let mut receiver = pair.slave.broker.receiver(Accept::Above, WINDOW);
    let mut sender = pair.master.broker.byte_sender(receiver.address()).unwrap();
    let sending = async {
        sender.send(bytes.clone()).await?;
        sender.finish().await
    };
    let receiving = async {
        let mut all = Vec::new();
        loop {
            let received = receiver.next().await;
            assert_eq!(received.from, MASTER);
            match received.item {
                Item::Bytes(piece) => all.extend_from_slice(&piece),
                Item::End => break all,
                other => panic!("{other:?}"),
            }
        }
    };
    let (sent, received) = tokio::join!(sending, receiving);
    assert_eq!(sent, Ok(()));
    assert_eq!(received, bytes);
}

#[tokio::test]
async fn bulk_to_a_context_that_goes_away_ends() {
    let master = Context::new(MASTER);
    let (mut peer, link) = Peer::attach(&master, ALICE, Role::Child);
    let bytes = Bytes::from(vec![0; 64 << 20]);
    let mut sender = master.broker.byte_sender(to(ALICE)).unwrap();
    peer.grant(ALICE, MASTER, Handle(1000), 1 << 40).await;
    let sending = sender.send(bytes);
    let closing = async {
        until(|| master.queued() >= BULK_BOUND).await;
        master.broker.close(link.id);
    };
    let both = async { tokio::join!(sending, closing) };
    let ended = tokio::time::timeout(Duration::from_secs(10), both).await;
    let (sent, ()) = ended.expect("it ends");
    let closed = DeadReason::LinkDown(Down::ClosedHere);
    assert_eq!(sent.unwrap_err().reason, closed);
    assert_eq!(master.queued(), 0);
    drop(peer);
}

/// Takes bytes when it is let, and notes how many came at once.
struct Gate {
    open: tokio::sync::watch::Receiver<bool>,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    writes: Arc<Mutex<Vec<usize>>>,
}

impl AsyncWrite for Gate {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Cx<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let mut open = self.open.clone();
        let waiting = self.waiting.get_or_insert_with(|| {
            Box::pin(async move {
                let _ = open.wait_for(|open| *open).await;
            })
        });
        std::task::ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        self.writes.lock().unwrap().push(bytes.len());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Cx<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Cx<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn messages_that_wait_are_written_at_once() {
    let master = Context::new(MASTER);
    let (open, gate) = tokio::sync::watch::channel(false);
    let writes = Arc::new(Mutex::new(Vec::new()));
    let writer = Gate {
        open: gate,
        waiting: None,
        writes: writes.clone(),
    };
    let (_silent, reader) = tokio::io::duplex(1);
    let decoder = FrameDecoder::new(LIMITS);
    master
        .broker
        .attach(ALICE, Role::Child, reader, writer, decoder);
    let post = || master.broker.post(ALICE, Handle::PING, raw(vec![0; 100]));
    post().await.unwrap();
    // The first is already on its way when the others come.
    until(|| master.queued() == 0).await;
    for _ in 0..500 {
        post().await.unwrap();
    }
    open.send(true).unwrap();
    until(|| writes.lock().unwrap().iter().sum::<usize>() == 501 * 128).await;
    assert_eq!(*writes.lock().unwrap(), [128, 500 * 128]);
}

#[tokio::test]
async fn calls_go_on_beside_bulk_in_both_directions() {
    let pair = Pair::new();
    let stop = Arc::new(tokio::sync::Notify::new());
    let mut receiver = pair.slave.broker.receiver(Accept::Above, WINDOW);
    let mut sender = pair.master.broker.byte_sender(receiver.address()).unwrap();
    let receiving = tokio::spawn(async move {
        let mut count = 0;
        while let Item::Bytes(piece) = receiver.next().await.item {
            count += piece.len();
        }
        count
    });
    let sending = tokio::spawn({
        let stop = stop.clone();
        async move {
            let bytes = Bytes::from(vec![0; 4 << 20]);
            let endless = async {
                loop {
                    sender.send(bytes.clone()).await.unwrap();
                }
            };
            tokio::select! {
                () = endless => {}
                () = stop.notified() => {}
            }
        }
    });
    for n in 0..200_u8 {
        let arguments = Bytes::from(vec![n; 10_000]);
        let head = call("echo");
        let outcome = pair.master.broker.call(ALICE, &head, &arguments).await;
        assert_eq!(outcome, Outcome::Returned(arguments));
    }
    stop.notify_one();
    sending.await.unwrap();
    assert!(receiving.await.unwrap() > 1 << 20);
    pair.idle().await;
}

/// Always has more to give at once: as many pings as one read takes.
struct Flood {
    reads: usize,
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Cx<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.reads == 0 {
            return Poll::Pending;
        }
        self.reads -= 1;
        let ping = frame(ALICE, MASTER, Handle::PING, Handle::NONE, &Body::empty());
        let ping = super::support::encode(&ping);
        for _ in 0..into.remaining().min(IO_SIZE) / ping.len() {
            into.put_slice(&ping);
        }
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_reader_that_always_finds_more_lets_the_writer_write() {
    let master = Context::new(MASTER);
    let writes = Arc::new(Mutex::new(Vec::new()));
    let (_opened, open) = tokio::sync::watch::channel(true);
    let writer = Gate {
        open,
        waiting: None,
        writes: writes.clone(),
    };
    let reads = 20;
    let decoder = FrameDecoder::new(LIMITS);
    // All on one thread, as in a slave. The answers to three reads are more than may wait.
    let link = master
        .broker
        .attach(ALICE, Role::Child, Flood { reads }, writer, decoder);
    let answers = reads * (IO_SIZE / HEADER_LEN) * HEADER_LEN;
    until(|| writes.lock().unwrap().iter().sum::<usize>() == answers).await;
    drop(link);
}
