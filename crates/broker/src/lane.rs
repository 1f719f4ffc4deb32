//! What a frame is to the queue that it waits in: before whom it goes, and what bounds it.

use crate::IO_SIZE;
use proto::{Flags, Frame, Handle, Header};

/// Messages may wait up to about this many bytes before whoever sends them has to wait.
const MESSAGE_BOUND: usize = 4 << 20;
/// The same for log records. They go before the outcome of the call that they belong to, and so before everybody
/// else's: a guest that talks all the time must not put megabytes there.
const LOG_BOUND: usize = 256 << 10;
/// The same for bulk frames: enough to keep the link busy, and no more.
const BULK_BOUND: usize = 4 * IO_SIZE;
/// What may wait of that for which nobody waits. A peer that makes us say more than it reads loses its link.
const ANSWER_BOUND: usize = 1 << 20;

/// Which frames share a bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Calls, outcomes, requests: whoever sends them waits for room.
    Message,
    /// Log records: likewise. They keep their order among the messages.
    Log,
    /// What the router says by itself, so that nobody can wait: PONG, dead replies, CANCEL.
    Answer,
    /// Pieces of transfers, behind all the others.
    Bulk,
}

impl Kind {
    pub(crate) const ALL: usize = 4;

    /// Of a message that this context wants to send.
    pub(crate) fn sent_to(handle: Handle) -> Self {
        if handle == Handle::FORWARD_LOG {
            Self::Log
        } else {
            Self::Message
        }
    }

    /// Of any frame. One that is passed on for others is a message.
    pub(crate) fn of(header: &Header) -> Self {
        match header.handle {
            _ if header.flags.contains(Flags::BULK) => Self::Bulk,
            _ if header.reply_to == Handle::IS_DEAD => Self::Answer,
            Handle::PONG | Handle::CANCEL => Self::Answer,
            handle => Self::sent_to(handle),
        }
    }

    /// From how many bytes of its kind on the next one has to wait.
    pub(crate) fn bound(self) -> usize {
        match self {
            Self::Message => MESSAGE_BOUND,
            Self::Log => LOG_BOUND,
            Self::Answer => ANSWER_BOUND,
            Self::Bulk => BULK_BOUND,
        }
    }

    /// At how many bytes of its kind the peer is given up. Senders that wait do not come near it; frames that are
    /// passed on may, because the reader that they come from has already read them.
    pub(crate) fn hard_bound(self, max_body: u32) -> usize {
        match self {
            Self::Answer => ANSWER_BOUND,
            _ => 2 * MESSAGE_BOUND + max_body as usize,
        }
    }
}

/// What a frame costs that waits. A small one takes more memory than it has bytes.
pub(crate) fn cost(frame: &Frame) -> usize {
    size_of::<Frame>() + frame.wire_len()
}
