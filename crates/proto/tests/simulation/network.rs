//! Wires between contexts: frames wait in queues, then arrive chopped, late, slowly, or not at all, but in their order.

use crate::rng::Rng;
use bytes::Bytes;
use proto::{Flags, Frame, FrameDecoder, Limits, LinkId};
use std::collections::VecDeque;
use std::time::Duration;

pub const LIMITS: Limits = Limits { max_body: 64 << 10 };

/// The longest frame that anybody makes here, in bytes.
pub const LONGEST: usize = 17 << 10;

/// Whoever sends by itself waits while so much waits already, and so does whoever sends through it upwards.
pub const ROOM: usize = 8 << 10;

/// The same for pieces of streams.
pub const BULK_ROOM: usize = 32 << 10;

/// A link on which more than this waits, without pieces of streams, is given up.
pub const TOO_MUCH: usize = 64 << 10;

/// A connection between two contexts. Side 0 is the parent's.
pub struct Wire {
    pub ends: [End; 2],
    /// From side 0, from side 1.
    pub ways: [Way; 2],
    /// Something was done to it after which it may go down.
    pub harmed: bool,
}

/// What one context has of a wire.
pub struct End {
    pub node: usize,
    pub link: LinkId,
    pub decoder: FrameDecoder,
    /// Its owner has no room above for what comes from here, and does not read it.
    pub paused: bool,
    /// What has come meanwhile.
    pub unread: VecDeque<Bytes>,
    pub open: bool,
}

/// One direction.
pub struct Way {
    latency: Duration,
    bytes_per_second: u64,
    longest_piece: usize,
    /// Nothing arrives before what was sent earlier.
    last_arrival: Duration,
    /// Swallows all that is sent, and the news that the sender has closed it.
    pub silent: bool,
    /// Something is being written.
    pub busy: bool,
    /// What waits: first what is no piece of a stream.
    lanes: [VecDeque<Bytes>; 2],
    pub waiting: [usize; 2],
}

impl Wire {
    pub fn new(rng: &mut Rng, parent: (usize, LinkId), child: (usize, LinkId)) -> Self {
        let end = |(node, link)| End {
            node,
            link,
            decoder: FrameDecoder::new(LIMITS),
            paused: false,
            unread: VecDeque::new(),
            open: true,
        };
        Self {
            ends: [end(parent), end(child)],
            ways: [Way::new(rng), Way::new(rng)],
            harmed: false,
        }
    }
}

impl Way {
    fn new(rng: &mut Rng) -> Self {
        let micros = *rng.pick(&[10, 300, 20_000, 300_000]);
        Self {
            latency: Duration::from_micros(micros),
            bytes_per_second: *rng.pick(&[1 << 30, 8 << 20, 1 << 20, 50 << 10]),
            longest_piece: *rng.pick(&[1 << 20, 1 << 20, 1000, 100, 30]),
            last_arrival: Duration::ZERO,
            silent: false,
            busy: false,
            lanes: Default::default(),
            waiting: [0, 0],
        }
    }

    /// A frame waits to be written. Tells how much there is of its kind.
    pub fn push(&mut self, frame: &Frame) -> usize {
        let bytes = [&frame.encode_header()[..], &frame.body].concat();
        self.push_bytes(lane(frame.header.flags), bytes.into())
    }

    pub fn push_bytes(&mut self, lane: usize, bytes: Bytes) -> usize {
        self.waiting[lane] += bytes.len();
        self.lanes[lane].push_back(bytes);
        self.waiting[lane]
    }

    /// Whether whoever sends by itself may send now.
    pub fn has_room(&self) -> bool {
        self.waiting[0] <= ROOM && self.waiting[1] <= BULK_ROOM
    }

    /// What is to be written next.
    pub fn pop(&mut self) -> Option<Bytes> {
        let lane = self.lanes.iter().position(|lane| !lane.is_empty())?;
        let bytes = self.lanes[lane].pop_front()?;
        self.waiting[lane] -= bytes.len();
        Some(bytes)
    }

    /// The pieces in which bytes arrive, and when.
    pub fn send(&mut self, rng: &mut Rng, now: Duration, bytes: &Bytes) -> Vec<(Duration, Bytes)> {
        let mut pieces = Vec::new();
        // A long message in pieces of a few bytes would only take time.
        let longest = self.longest_piece.max(bytes.len() / 6);
        let mut from = 0;
        while from < bytes.len() {
            let len = (1 + rng.below(longest)).min(bytes.len() - from);
            let nanos = 1_000_000_000 * len as u64 / self.bytes_per_second;
            let at = self.arrival(now, Duration::from_nanos(nanos));
            pieces.push((at, bytes.slice(from..from + len)));
            from += len;
        }
        pieces
    }

    /// When something arrives that takes so long to be sent.
    pub fn arrival(&mut self, now: Duration, takes: Duration) -> Duration {
        self.last_arrival = self.last_arrival.max(now + self.latency) + takes;
        self.last_arrival
    }

    /// When what was last sent has left.
    pub fn written(&self) -> Duration {
        self.last_arrival.saturating_sub(self.latency)
    }
}

fn lane(flags: Flags) -> usize {
    usize::from(flags.contains(Flags::BULK))
}
