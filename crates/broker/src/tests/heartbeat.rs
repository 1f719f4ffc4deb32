//! Peers that hang, and peers that only seem to, under a clock that jumps to whatever comes next.

use super::support::{
    ALICE, Context, HEARTBEAT, LIMITS, MASTER, Pair, call, dead, encode, frame, to,
};
use crate::{Broker, Link, Receive};
use bytes::Bytes;
use proto::message::{DeadReason, Down, Outcome};
use proto::router::{Message, Role};
use proto::{Body, FrameDecoder, Handle};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Cx, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep};

fn attach(context: &Context, stream: DuplexStream) -> Link {
    let (reader, writer) = tokio::io::split(stream);
    attach_halves(context, reader, writer)
}

fn attach_halves(
    context: &Context,
    reader: impl AsyncRead + Send + 'static,
    writer: impl AsyncWrite + Send + 'static,
) -> Link {
    let (peer, role) = if context.broker.me() == MASTER {
        (ALICE, Role::Child)
    } else {
        (MASTER, Role::Parent)
    };
    let decoder = FrameDecoder::new(LIMITS);
    context.broker.attach(peer, role, reader, writer, decoder)
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_is_given_up_after_the_limit() {
    let master = Context::new(MASTER);
    let (near, _far) = tokio::io::duplex(1 << 20);
    let mut link = attach(&master, near);
    let start = Instant::now();
    let outcome = master.broker.call(ALICE, &call("echo"), &[]).await;
    assert_eq!(start.elapsed(), HEARTBEAT);
    let silent = Down::Silent(15_000);
    assert_eq!(dead(outcome).reason, DeadReason::LinkDown(silent.clone()));
    assert_eq!(link.down().await, silent);
    master.idle(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_neither_speaks_nor_reads_is_given_up_too() {
    let master = Context::new(MASTER);
    let (near, far) = tokio::io::duplex(100);
    let mut link = attach(&master, near);
    let bytes = Bytes::from(vec![0; 1 << 20]);
    let start = Instant::now();
    let mut sender = master.broker.byte_sender(to(ALICE)).unwrap();
    let sent = sender.send(bytes).await;
    assert_eq!(start.elapsed(), HEARTBEAT);
    let silent = DeadReason::LinkDown(Down::Silent(15_000));
    assert_eq!(sent.unwrap_err().reason, silent);
    assert_eq!(link.down().await, Down::Silent(15_000));
    drop(far);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_has_nothing_to_say_says_so() {
    let (master, slave) = (Context::new(MASTER), Context::new(ALICE));
    let (near, far) = tokio::io::duplex(1 << 20);
    let (mut down, mut up) = (attach(&master, near), attach(&slave, far));
    tokio::select! {
        why = down.down() => panic!("{why}"),
        why = up.down() => panic!("{why}"),
        () = sleep(Duration::from_secs(3600)) => {}
    }
    let outcome = master.broker.call(ALICE, &call("echo"), &[]).await;
    assert_eq!(outcome, Outcome::Returned(Bytes::new()));
}

/// A long message on a slow line: for a minute the slave gets no whole frame and has nothing to answer.
#[tokio::test(start_paused = true)]
async fn a_peer_behind_a_slow_line_is_not_given_up() {
    let (master, slave) = (Context::new(MASTER), Context::new(ALICE));
    let (near, mut slow_in) = tokio::io::duplex(1 << 20);
    let (mut slow_out, far) = tokio::io::duplex(1 << 20);
    let (slave_reader, _unused) = tokio::io::split(far);
    let (fast_in, fast_out) = tokio::io::duplex(1 << 20);
    let (master_reader, _) = tokio::io::split(fast_in);
    let (_, slave_writer) = tokio::io::split(fast_out);
    let (_, master_writer) = tokio::io::split(near);
    tokio::spawn(async move {
        let mut piece = [0; 1000];
        loop {
            let len = slow_in.read(&mut piece).await.unwrap();
            sleep(Duration::from_millis(100)).await;
            if len == 0 || slow_out.write_all(&piece[..len]).await.is_err() {
                break;
            }
        }
    });
    let mut down = attach_halves(&master, master_reader, master_writer);
    let mut up = attach_halves(&slave, slave_reader, slave_writer);
    let arguments = Bytes::from(vec![7; 600_000]);
    let start = Instant::now();
    let head = call("echo");
    let outcome = tokio::select! {
        why = down.down() => panic!("{why}"),
        why = up.down() => panic!("{why}"),
        outcome = master.broker.call(ALICE, &head, &arguments) => outcome,
    };
    assert_eq!(outcome, Outcome::Returned(arguments));
    assert!(start.elapsed() > 3 * HEARTBEAT, "the line was not slow");
}

/// Blocks as a log does that is shown in a pager.
struct Blocks(Duration);

impl Receive for Blocks {
    fn receive(&self, _: &Broker, _: Message) {
        std::thread::sleep(self.0);
    }
}

/// In real time, because what blocks a thread cannot be told that time has jumped.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_peer_is_not_silent_while_what_it_said_is_being_delivered() {
    let heartbeat = Duration::from_millis(400);
    let master = Context::with(MASTER, |settings| {
        settings.router.heartbeat = heartbeat;
        settings.receive = Arc::new(Blocks(2 * heartbeat));
    });
    let slave = Context::with(ALICE, |settings| settings.router.heartbeat = heartbeat);
    let mut pair = Pair::of(master, slave);
    for _ in 0..2 {
        let record = Body::empty();
        let broker = &pair.slave.broker;
        let posted = broker.post(MASTER, Handle::FORWARD_LOG, record).await;
        posted.unwrap();
    }
    tokio::select! {
        why = pair.down.down() => panic!("{why}"),
        why = pair.up.down() => panic!("{why}"),
        () = sleep(5 * heartbeat) => {}
    }
    assert_eq!(
        pair.call("echo", &[]).await,
        Outcome::Returned(Bytes::new())
    );
}

/// A stream whose other end is closed.
struct Broken;

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Cx<'_>, _: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Cx<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Cx<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_words_of_a_peer_that_reads_no_longer_have_an_end() {
    let master = Context::new(MASTER);
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let (reader, _) = tokio::io::split(near);
    let mut down = attach_halves(&master, reader, Broken);
    // It says that it lives, for ever, and nothing else.
    tokio::spawn(async move {
        let pong = encode(&frame(
            ALICE,
            MASTER,
            Handle::PONG,
            Handle::NONE,
            &Body::empty(),
        ));
        while far.write_all(&pong).await.is_ok() {
            sleep(HEARTBEAT / 4).await;
        }
    });
    let start = Instant::now();
    let outcome = master.broker.call(ALICE, &call("echo"), &[]).await;
    assert_eq!(start.elapsed(), Duration::from_secs(60));
    assert_eq!(dead(outcome).reason, DeadReason::LinkDown(Down::Closed));
    assert_eq!(down.down().await, Down::Closed);
}
