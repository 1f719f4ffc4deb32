//! The queue of one link, and the batches that are taken from it.

use super::support::{ALICE, MASTER, encode, frame, raw};
use crate::IO_SIZE;
use crate::lane::Kind;
use crate::queue::{Batch, SendQueue};
use bytes::{Buf, Bytes};
use proto::{Body, Flags, Frame, Handle};
use std::io::IoSlice;

fn control(n: u8, len: usize) -> Frame {
    frame(
        MASTER,
        ALICE,
        Handle::PING,
        Handle::NONE,
        &raw(vec![n; len]),
    )
}

fn bulk(n: u8) -> Frame {
    let body = Body::raw(Flags::BULK, Bytes::from(vec![n; IO_SIZE]));
    frame(MASTER, ALICE, Handle::LOAD_MODULE, Handle(1000), &body)
}

fn bytes(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(encode).collect()
}

async fn take(queue: &SendQueue) -> Batch {
    queue.take().await.expect("the queue is open")
}

fn rest(mut batch: Batch) -> Bytes {
    batch.copy_to_bytes(batch.remaining())
}

#[tokio::test]
async fn control_goes_first_and_one_chunk_of_bulk_behind_it() {
    let queue = SendQueue::new(1 << 20, MASTER);
    let frames = [bulk(1), bulk(2), control(3, 10), control(4, 5000)];
    for frame in &frames {
        queue.push(frame.clone()).unwrap();
    }
    let [bulk_1, bulk_2, control_3, control_4] = frames;
    assert_eq!(
        rest(take(&queue).await),
        bytes(&[control_3, control_4, bulk_1])
    );
    let late = control(5, 10);
    queue.push(late.clone()).unwrap();
    assert_eq!(rest(take(&queue).await), bytes(&[late, bulk_2]));
    assert_eq!(queue.cost(), 0);
}

#[tokio::test]
async fn a_batch_is_about_as_long_as_one_write_should_be() {
    let queue = SendQueue::new(1 << 20, MASTER);
    for n in 0..200 {
        queue.push(control(n, 4000)).unwrap();
    }
    let mut lens = Vec::new();
    while queue.cost() > 0 {
        lens.push(take(&queue).await.remaining());
    }
    assert_eq!(lens.iter().sum::<usize>(), 200 * 4028);
    assert!(lens.iter().all(|len| *len < IO_SIZE + 4028), "{lens:?}");
    assert!(lens.len() <= 7, "{lens:?}");
}

#[tokio::test]
async fn a_batch_can_be_written_in_any_pieces() {
    let frames = [
        control(1, 10),
        control(2, 5000),
        control(3, 0),
        control(4, 9000),
    ];
    let expected = bytes(&frames);
    for step in [1, 27, 28, 29, 4999, 100_000] {
        let queue = SendQueue::new(1 << 20, MASTER);
        for frame in &frames {
            queue.push(frame.clone()).unwrap();
        }
        let mut batch = take(&queue).await;
        let mut written = Vec::new();
        while batch.has_remaining() {
            let mut slices = [IoSlice::new(&[]); 3];
            let count = batch.chunks_vectored(&mut slices);
            let offered: Vec<u8> = slices[..count].iter().flat_map(|it| it.to_vec()).collect();
            assert!(offered.starts_with(batch.chunk()));
            let len = offered.len().min(step);
            written.extend_from_slice(&offered[..len]);
            batch.advance(len);
            assert_eq!(batch.remaining(), expected.len() - written.len());
        }
        assert_eq!(written, expected);
    }
}

#[tokio::test]
async fn a_closed_queue_takes_and_gives_nothing() {
    let queue = SendQueue::new(1 << 20, MASTER);
    queue.push(control(1, 10)).unwrap();
    queue.close();
    queue.push(control(2, 10)).unwrap();
    assert_eq!(queue.cost(), 0);
    assert!(queue.take().await.is_none());
    // Whoever waits for room is let go: the link-down tells it the rest.
    let mut pushed = false;
    queue.when_room(Kind::Message, || pushed = true).await;
    assert!(pushed);
}

#[tokio::test]
async fn closing_wakes_whoever_waits() {
    let queue = SendQueue::new(1 << 20, MASTER);
    let full = control(1, 5 << 20);
    queue.push(full).unwrap();
    let waiting = queue.when_room(Kind::Message, || {});
    let closing = async {
        tokio::task::yield_now().await;
        queue.close();
    };
    tokio::join!(waiting, closing);
    let queue = SendQueue::new(1 << 20, MASTER);
    let closing = async {
        tokio::task::yield_now().await;
        queue.close();
    };
    let (taken, ()) = tokio::join!(queue.take(), closing);
    assert!(taken.is_none());
}
