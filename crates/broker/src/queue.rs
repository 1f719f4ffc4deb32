//! What waits to be written to one link: control messages first, then bulk data, both bounded in bytes.

use crate::IO_SIZE;
use bytes::{Buf, Bytes, BytesMut};
use proto::{Flags, Frame};
use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore};

/// Control frames may wait up to about this many bytes before whoever sends them has to wait.
const CONTROL_BOUND: usize = 4 << 20;
/// The same for bulk frames: enough to keep the link busy, and no more.
const BULK_BOUND: usize = 4 * IO_SIZE;
/// Bodies up to this size are copied behind their headers; longer ones are written from where they are.
const COPY_BELOW: usize = 4 << 10;

#[derive(Debug)]
pub(crate) struct SendQueue {
    waiting: Mutex<Waiting>,
    /// Something was pushed, or the queue was closed.
    filled: Notify,
    /// Something was taken, or the queue was closed.
    drained: Notify,
    /// One sender at a time looks for room, so that the bound is passed by one frame at most.
    control_turn: Semaphore,
    bulk_turn: Semaphore,
    /// What the router alone may add beyond the bound: answers that nobody waits to send.
    hard_bound: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    control: Lane,
    bulk: Lane,
    closed: bool,
}

#[derive(Debug, Default)]
struct Lane {
    frames: VecDeque<Frame>,
    bytes: usize,
}

/// The peer does not read: even the bound for answers is passed.
#[derive(Debug)]
pub(crate) struct Overfull;

impl SendQueue {
    pub(crate) fn new(max_body: u32) -> Self {
        Self {
            waiting: Mutex::default(),
            filled: Notify::new(),
            drained: Notify::new(),
            control_turn: Semaphore::new(1),
            bulk_turn: Semaphore::new(1),
            hard_bound: 2 * CONTROL_BOUND + max_body as usize,
        }
    }

    /// Appends a frame without waiting. Dropped if the link is closed: its link-down tells the sender.
    pub(crate) fn push(&self, frame: Frame) -> Result<(), Overfull> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Ok(());
        }
        let lane = waiting.lane(frame.header.flags);
        lane.bytes += frame.wire_len();
        let overfull = lane.bytes > self.hard_bound;
        lane.frames.push_back(frame);
        drop(waiting);
        self.filled.notify_one();
        if overfull { Err(Overfull) } else { Ok(()) }
    }

    /// Waits until there is room for another frame of this kind, then does `push`, which pushes it.
    pub(crate) async fn when_room(&self, flags: Flags, push: impl FnOnce()) {
        let (turn, bound) = if flags.contains(Flags::BULK) {
            (&self.bulk_turn, BULK_BOUND)
        } else {
            (&self.control_turn, CONTROL_BOUND)
        };
        // The semaphore is never closed; without a turn the frame is merely early.
        let _turn = turn.acquire().await;
        loop {
            let drained = self.drained.notified();
            {
                let mut waiting = self.lock();
                if waiting.closed || waiting.lane(flags).bytes < bound {
                    break;
                }
            }
            drained.await;
        }
        push();
    }

    /// Waits for frames, then takes as many as one write should carry. None once the queue is closed.
    pub(crate) async fn take(&self) -> Option<Batch> {
        loop {
            let filled = self.filled.notified();
            {
                let mut waiting = self.lock();
                if waiting.closed {
                    return None;
                }
                let batch = waiting.batch();
                if batch.has_remaining() {
                    drop(waiting);
                    self.drained.notify_waiters();
                    return Some(batch);
                }
            }
            filled.await;
        }
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        let waiting = self.lock();
        waiting.control.bytes + waiting.bulk.bytes
    }

    pub(crate) fn close(&self) {
        let mut waiting = self.lock();
        *waiting = Waiting {
            closed: true,
            ..Waiting::default()
        };
        drop(waiting);
        self.filled.notify_one();
        self.drained.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in here panics while it holds the lock; were it so, the queue would still be whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn lane(&mut self, flags: Flags) -> &mut Lane {
        if flags.contains(Flags::BULK) {
            &mut self.bulk
        } else {
            &mut self.control
        }
    }

    fn batch(&mut self) -> Batch {
        let mut batch = BatchBuilder::default();
        while batch.bytes < IO_SIZE
            && let Some(frame) = self.control.pop()
        {
            batch.add(&frame);
        }
        // One bulk frame behind the control frames, so that those which come next wait for no more.
        if batch.bytes < IO_SIZE
            && let Some(frame) = self.bulk.pop()
        {
            batch.add(&frame);
        }
        batch.finish()
    }
}

impl Lane {
    fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.wire_len();
        Some(frame)
    }
}

#[derive(Debug, Default)]
struct BatchBuilder {
    pieces: VecDeque<Bytes>,
    copied: BytesMut,
    bytes: usize,
}

impl BatchBuilder {
    fn add(&mut self, frame: &Frame) {
        self.bytes += frame.wire_len();
        self.copied.extend_from_slice(&frame.encode_header());
        if frame.body.len() <= COPY_BELOW {
            self.copied.extend_from_slice(&frame.body);
        } else {
            self.pieces.push_back(self.copied.split().freeze());
            self.pieces.push_back(frame.body.clone());
        }
    }

    fn finish(mut self) -> Batch {
        if !self.copied.is_empty() {
            self.pieces.push_back(self.copied.freeze());
        }
        Batch {
            pieces: self.pieces,
        }
    }
}

/// Bytes for one vectored write, as few pieces as copying little allows. No piece is empty.
#[derive(Debug)]
pub(crate) struct Batch {
    pieces: VecDeque<Bytes>,
}

impl Buf for Batch {
    fn remaining(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.front().map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    fn advance(&mut self, mut count: usize) {
        while count > 0
            && let Some(first) = self.pieces.front_mut()
        {
            let step = count.min(first.len());
            first.advance(step);
            if first.is_empty() {
                self.pieces.pop_front();
            }
            count -= step;
        }
    }
}
