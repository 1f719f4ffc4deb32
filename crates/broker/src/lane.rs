//! What a frame is to the queue that it waits in: before whom it goes, and what bounds it.

use crate::IO_SIZE;
use proto::{ContextId, Flags, Frame, Handle};

/// Messages may wait up to about this many bytes before whoever sends them has to wait.
const MESSAGE_BOUND: usize = 4 << 20;
/// The same for log records. They go before the outcome of the call that they belong to, and so before everybody
/// else's: a guest that talks all the time must not put megabytes there.
const LOG_BOUND: usize = 256 << 10;
/// The same for bulk frames: enough to keep the link busy, and no more.
const BULK_BOUND: usize = 4 * IO_SIZE;
/// What may wait of that for which nobody waits. Beyond that the peer loses its link; a child that makes us say more than it
/// reads is read no more before.
const ANSWER_BOUND: usize = 1 << 20;

/// Bulk data of others that may wait to go up: what a few streams at full credit have on the way. Streams at full
/// credit need not wait for each other, and more than that is nobody's due.
pub(crate) const PASSED_UP_BULK: usize = 8 << 20;
/// The same down, where whoever waits delays what is for others. Credit and pacing bound what honest contexts send
/// far below; this is for whoever sends without.
pub(crate) const PASSED_DOWN_BULK: usize = 64 << 20;
/// The same of messages.
pub(crate) const PASSED_DOWN_MESSAGES: usize = 2 * MESSAGE_BOUND;

/// Which frames share a bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Calls, outcomes, requests: whoever sends them waits for room.
    Message,
    /// Log records: likewise. They keep their order among the messages.
    Log,
    /// What the router and channels say by themselves, so that nobody can wait: PONG, replies without a body, dead
    /// replies, CREDIT, who has come and who has gone. Only what this context says itself: others may call anything so, of any length.
    Answer,
    /// Pieces of transfers, behind all the others.
    Bulk,
    /// Those that are passed on. They do not take the room of this context's own.
    PassedBulk,
}

impl Kind {
    pub(crate) const ALL: usize = 5;

    /// Of a message that this context wants to send.
    pub(crate) fn sent_to(handle: Handle) -> Self {
        if handle == Handle::FORWARD_LOG {
            Self::Log
        } else {
            Self::Message
        }
    }

    /// Of any frame that this context sends. One that it passes on for others is a message, if it is not bulk or a log.
    pub(crate) fn of(frame: &Frame, me: ContextId) -> Self {
        let header = &frame.header;
        match header.handle {
            _ if header.flags.contains(Flags::BULK) && header.src == me => Self::Bulk,
            _ if header.flags.contains(Flags::BULK) => Self::PassedBulk,
            handle if header.src != me => Self::sent_to(handle),
            _ if header.reply_to == Handle::IS_DEAD => Self::Answer,
            // The reply to a PING or to DETACHING. An end of a channel names its sender.
            handle if handle.is_dynamic() && is_bare(frame) => Self::Answer,
            Handle::PONG
            | Handle::CREDIT
            | Handle::ADD_ROUTE
            | Handle::DEL_ROUTE
            | Handle::ALLOCATE_ID
            | Handle::DETACHING => Self::Answer,
            handle => Self::sent_to(handle),
        }
    }

    /// From how many bytes of its kind on the next one has to wait.
    pub(crate) fn bound(self) -> usize {
        match self {
            Self::Message => MESSAGE_BOUND,
            Self::Log => LOG_BOUND,
            // Of which children cause the most: they are not read meanwhile. The rest is for what has no such cause.
            Self::Answer => ANSWER_BOUND / 4,
            Self::Bulk => BULK_BOUND,
            Self::PassedBulk => PASSED_UP_BULK,
        }
    }

    /// At how many bytes of its kind the peer is given up. Senders that wait do not come near it; frames that are
    /// passed on may, because the reader that they come from has already read them.
    pub(crate) fn hard_bound(self, max_body: u32) -> usize {
        match self {
            Self::Answer => ANSWER_BOUND,
            Self::Bulk | Self::PassedBulk => {
                PASSED_DOWN_BULK + 2 * BULK_BOUND + 2 * max_body as usize
            }
            // One frame beyond the bound is this context's own, and one is passed on.
            Self::Message | Self::Log => 3 * MESSAGE_BOUND + 2 * max_body as usize,
        }
    }
}

fn is_bare(frame: &Frame) -> bool {
    frame.body.is_empty() && frame.header.reply_to == Handle::NONE
}

/// What a frame costs that waits. A small one takes more memory than it has bytes.
pub(crate) fn cost(frame: &Frame) -> usize {
    size_of::<Frame>() + frame.wire_len()
}
