//! What waits to be written to one link: control messages first, then bulk data, both bounded in bytes.

use crate::IO_SIZE;
use crate::lane::{Kind, PASSED_DOWN_BULK, PASSED_DOWN_MESSAGES, PASSED_UP_BULK, cost};
use bytes::{Buf, Bytes, BytesMut};
use proto::{ContextId, Frame};
use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

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
    turns: [Semaphore; Kind::ALL],
    /// The same for what is passed on for others.
    passing: Arc<Semaphore>,
    /// What the peer has taken, in bytes.
    written: AtomicU64,
    max_body: u32,
    me: ContextId,
}

/// Where a frame is passed on to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Passing {
    Up,
    Down,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Each with its kind.
    control: VecDeque<(Kind, Frame)>,
    bulk: VecDeque<(Kind, Frame)>,
    /// What waits of each kind.
    bytes: [usize; Kind::ALL],
    /// All that was ever pushed, in bytes on the wire.
    pushed: u64,
    closed: bool,
}

/// The peer does not read: more waits than even the router may add.
#[derive(Debug)]
pub(crate) struct Overfull;

impl SendQueue {
    pub(crate) fn new(max_body: u32, me: ContextId) -> Self {
        Self {
            waiting: Mutex::default(),
            filled: Notify::new(),
            drained: Notify::new(),
            turns: std::array::from_fn(|_| Semaphore::new(1)),
            passing: Arc::new(Semaphore::new(1)),
            written: AtomicU64::new(0),
            max_body,
            me,
        }
    }

    /// Appends a frame without waiting. Dropped if the link is closed: its link-down tells the sender.
    pub(crate) fn push(&self, frame: Frame) -> Result<(), Overfull> {
        let kind = Kind::of(&frame, self.me);
        let mut waiting = self.lock();
        if waiting.closed {
            return Ok(());
        }
        waiting.push(kind, frame);
        let overfull = waiting.bytes[kind as usize] > kind.hard_bound(self.max_body);
        drop(waiting);
        self.filled.notify_one();
        if overfull { Err(Overfull) } else { Ok(()) }
    }

    /// Waits until there is room for another frame of this kind, then does `push`, which pushes it.
    pub(crate) async fn when_room(&self, kind: Kind, push: impl FnOnce()) {
        // The semaphore is never closed; without a turn the frame is merely early.
        let _turn = self.turns[kind as usize].acquire().await;
        loop {
            let drained = self.drained.notified();
            {
                let waiting = self.lock();
                if waiting.closed || waiting.bytes[kind as usize] < kind.bound() {
                    break;
                }
            }
            drained.await;
        }
        push();
    }

    /// Waits until a frame that is passed on has room, and what it may make the router say. One at a time: the turn
    /// is to be held until the frame is here.
    pub(crate) async fn turn_to_pass(&self, passing: Passing) -> Option<OwnedSemaphorePermit> {
        let turn = self.passing.clone().acquire_owned().await;
        loop {
            let drained = self.drained.notified();
            {
                let waiting = self.lock();
                if waiting.closed || waiting.has_room(passing) {
                    break;
                }
            }
            drained.await;
        }
        // The semaphore is never closed.
        turn.ok()
    }

    /// Waits until there is room for what the next frame of the peer may make this context say.
    pub(crate) async fn room_to_answer(&self) {
        loop {
            let drained = self.drained.notified();
            {
                let waiting = self.lock();
                let kind = Kind::Answer;
                if waiting.closed || waiting.bytes[kind as usize] < kind.bound() {
                    return;
                }
            }
            drained.await;
        }
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

    /// What waits, in bytes as [`cost`] counts them.
    pub(crate) fn cost(&self) -> usize {
        self.lock().bytes.iter().sum()
    }

    /// The peer has taken so many bytes more.
    pub(crate) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// What the peer has ever taken.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// What was ever pushed, in bytes on the wire.
    pub(crate) fn pushed(&self) -> u64 {
        self.lock().pushed
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
    fn has_room(&self, passing: Passing) -> bool {
        let has = |kind: Kind, bound| self.bytes[kind as usize] < bound;
        match passing {
            Passing::Up => {
                has(Kind::PassedBulk, PASSED_UP_BULK)
                    && [Kind::Message, Kind::Log, Kind::Answer]
                        .into_iter()
                        .all(|kind| has(kind, kind.bound()))
            }
            Passing::Down => {
                has(Kind::PassedBulk, PASSED_DOWN_BULK) && has(Kind::Message, PASSED_DOWN_MESSAGES)
            }
        }
    }

    fn push(&mut self, kind: Kind, frame: Frame) {
        self.bytes[kind as usize] += cost(&frame);
        self.pushed += frame.wire_len() as u64;
        match kind {
            Kind::Bulk | Kind::PassedBulk => self.bulk.push_back((kind, frame)),
            Kind::Message | Kind::Log | Kind::Answer => self.control.push_back((kind, frame)),
        }
    }

    fn pop_control(&mut self) -> Option<Frame> {
        let (kind, frame) = self.control.pop_front()?;
        self.bytes[kind as usize] -= cost(&frame);
        Some(frame)
    }

    fn pop_bulk(&mut self) -> Option<Frame> {
        let (kind, frame) = self.bulk.pop_front()?;
        self.bytes[kind as usize] -= cost(&frame);
        Some(frame)
    }

    fn batch(&mut self) -> Batch {
        let mut batch = BatchBuilder::default();
        while batch.bytes < IO_SIZE
            && let Some(frame) = self.pop_control()
        {
            batch.add(&frame);
        }
        // One bulk frame behind the control frames, so that those which come next wait for no more.
        if batch.bytes < IO_SIZE
            && let Some(frame) = self.pop_bulk()
        {
            batch.add(&frame);
        }
        batch.finish()
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
