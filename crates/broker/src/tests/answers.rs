//! What a context says because a child made it: bounded, and not at the cost of a child that only passed it on.

use super::peer::Peer;
use super::support::{ALICE, Context, MASTER, encode, frame, until};
use proto::header::HEADER_LEN;
use proto::message::Down;
use proto::router::Role;
use proto::{Body, Handle};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

/// What may wait to be written before nothing more is read, as `lane.rs` has it.
const ANSWER_BOUND: usize = 256 << 10;

/// What a frame costs beside its body.
const OVERHEAD: usize = HEADER_LEN + size_of::<proto::Frame>();

#[tokio::test(start_paused = true)]
async fn who_asks_and_does_not_read_is_read_no_more_and_then_given_up() {
    for reply_to in [Handle::NONE, Handle(5000)] {
        let master = Context::with(MASTER, |it| it.router.heartbeat = Duration::ZERO);
        let (mut peer, mut link) = Peer::attach(&master, ALICE, Role::Child);
        // A ping costs its sender as much as its answer costs us.
        let ping = frame(ALICE, MASTER, Handle::PING, reply_to, &Body::empty());
        let many = encode(&ping).repeat(1000);
        let start = Instant::now();
        let flood = async {
            loop {
                let write = peer.writer.write_all(&many);
                if write.await.is_err() {
                    break;
                }
                assert!(master.queued() <= ANSWER_BOUND + OVERHEAD);
            }
        };
        let (why, ()) = tokio::join!(link.down(), flood);
        let text = "the peer does not read what it is sent".to_owned();
        assert_eq!(why, Down::Io(text));
        assert!(start.elapsed() >= Duration::from_secs(60));
        assert_eq!(master.queued(), 0);
        master.idle(0).await;
    }
}

#[tokio::test]
async fn who_asks_faster_than_answers_reach_it_keeps_its_link() {
    const ASKED: usize = 50_000;
    let master = Context::with(MASTER, |it| it.router.heartbeat = Duration::ZERO);
    // It may be that somebody below it asks, whom nobody can hold back.
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    let ping = frame(ALICE, MASTER, Handle::PING, Handle::NONE, &Body::empty());
    let all = encode(&ping).repeat(ASKED);
    let asking = peer.writer.write_all(&all);
    let reading = async {
        // It stands still once so much waits.
        until(|| master.queued() > ANSWER_BOUND / 2).await;
        let mut before = usize::MAX;
        while before != master.queued() {
            before = master.queued();
            sleep(Duration::from_millis(30)).await;
        }
        assert!(before <= ANSWER_BOUND + OVERHEAD, "{before} bytes wait");
        let mut answers = vec![0; ASKED * HEADER_LEN];
        peer.reader.read_exact(&mut answers).await
    };
    let (asked, answered) = tokio::join!(asking, reading);
    asked.unwrap();
    answered.unwrap();
    master.idle(1).await;
}
