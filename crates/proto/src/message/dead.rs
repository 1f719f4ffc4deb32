//! IS_DEAD: why a message found nobody, or its answer will never come.

use crate::ContextId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Characters of a reason that are passed on.
const MAX_WORDS: usize = 500;

/// Why, and where on the way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Dead {
    /// What happened.
    pub reason: DeadReason,
    /// The context that noticed.
    pub at: ContextId,
}

/// What happened to a message or to its answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadReason {
    /// No way leads to the context.
    NoRoute(ContextId),
    /// The context has nobody at that handle.
    InvalidHandle,
    /// The sender may not send this there.
    Unauthorised,
    /// The context, or one on the way, has as much to do as it takes. Nothing was begun.
    Busy,
    /// The sender has used up what it may have: of ids, say.
    Quota,
    /// The other end of a channel was closed.
    Closed,
    /// The sender sent more than it had credit for.
    Overrun,
    /// Longer than the limit, in bytes. It was not sent.
    TooLarge(u32),
    /// The same of an outcome: the call was executed, and nobody knows what came of it.
    OutcomeTooLarge(u32),
    /// The context failed while it worked for the answer.
    Crashed,
    /// The answer could not be read.
    Malformed(String),
    /// Whoever wrote a stream ended before it was complete, and why.
    Incomplete(String),
    /// The link to the context, or one on the way, went down.
    LinkDown(Down),
}

/// Why a link went down.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Down {
    /// The peer closed it.
    Closed,
    /// We closed it.
    ClosedHere,
    /// The operating system's word.
    Io(String),
    /// The peer sent what is no frame.
    Corrupt(String),
    /// Nothing was heard for so many milliseconds.
    Silent(u64),
    /// It left the tree on purpose, and goes on alone.
    Detached,
}

impl Dead {
    /// The same, if somebody else has put it in too many words.
    #[must_use]
    pub(crate) fn clipped(mut self) -> Self {
        if let DeadReason::Malformed(words)
        | DeadReason::Incomplete(words)
        | DeadReason::LinkDown(Down::Io(words) | Down::Corrupt(words)) = &mut self.reason
            && let Some((end, _)) = words.char_indices().nth(MAX_WORDS)
        {
            words.truncate(end);
        }
        self
    }
}

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the peer closed the connection"),
            Self::ClosedHere => f.write_str("the connection was closed from this side"),
            Self::Io(error) => write!(f, "the connection failed: {error}"),
            Self::Corrupt(error) => f.write_str(error),
            Self::Silent(ms) => write!(f, "nothing was heard for {} s", ms / 1000),
            Self::Detached => f.write_str("the context has detached itself"),
        }
    }
}

impl fmt::Display for Dead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            DeadReason::NoRoute(id) => write!(f, "no route to context {id}")?,
            DeadReason::InvalidHandle => f.write_str("nobody is at that handle")?,
            DeadReason::Unauthorised => f.write_str("the sender may not send this")?,
            DeadReason::Busy => f.write_str("too much is under way")?,
            DeadReason::Quota => f.write_str("the sender has used up its quota")?,
            DeadReason::Closed => f.write_str("the other end was closed")?,
            DeadReason::Overrun => f.write_str("more was sent than was agreed")?,
            DeadReason::Crashed => f.write_str("the context failed while it worked")?,
            DeadReason::TooLarge(max) => write!(f, "the message is over {max} bytes")?,
            DeadReason::OutcomeTooLarge(max) => {
                write!(f, "the call ran, and its outcome is over {max} bytes")?;
            }
            DeadReason::Malformed(error) => f.write_str(error)?,
            DeadReason::Incomplete(why) => write!(f, "it broke off: {why}")?,
            DeadReason::LinkDown(down) => down.fmt(f)?,
        }
        write!(f, " (noticed by context {})", self.at)
    }
}

impl std::error::Error for Dead {}
