//! Wires between contexts: bytes arrive chopped, late, slowly, or not at all, but in their order.

use crate::rng::Rng;
use proto::{FrameDecoder, Limits, LinkId};
use std::time::Duration;

pub const LIMITS: Limits = Limits { max_body: 64 << 10 };

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
}

impl Wire {
    pub fn new(rng: &mut Rng, parent: (usize, LinkId), child: (usize, LinkId)) -> Self {
        let end = |(node, link)| End {
            node,
            link,
            decoder: FrameDecoder::new(LIMITS),
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
            // The slowest needs many heartbeats for the longest of messages.
            bytes_per_second: *rng.pick(&[1 << 30, 1 << 20, 1 << 20, 2 << 10]),
            longest_piece: *rng.pick(&[1 << 20, 1 << 20, 1000, 100, 30]),
            last_arrival: Duration::ZERO,
            silent: false,
        }
    }

    /// The pieces in which bytes arrive, and when.
    pub fn send(&mut self, rng: &mut Rng, now: Duration, bytes: &[u8]) -> Vec<(Duration, Vec<u8>)> {
        let mut pieces = Vec::new();
        let mut rest = bytes;
        // A long message in pieces of a few bytes would only take time.
        let longest = self.longest_piece.max(bytes.len() / 20);
        while !rest.is_empty() {
            let len = (1 + rng.below(longest)).min(rest.len());
            let (piece, others) = rest.split_at(len);
            rest = others;
            let nanos = 1_000_000_000 * len as u64 / self.bytes_per_second;
            pieces.push((
                self.arrival(now, Duration::from_nanos(nanos)),
                piece.to_vec(),
            ));
        }
        pieces
    }

    /// When something arrives that takes so long to be sent.
    pub fn arrival(&mut self, now: Duration, takes: Duration) -> Duration {
        self.last_arrival = self.last_arrival.max(now + self.latency) + takes;
        self.last_arrival
    }
}
