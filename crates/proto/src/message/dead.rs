//! IS_DEAD: why a message found nobody, or its answer will never come.

use crate::ContextId;
use serde::{Deserialize, Serialize};
use std::fmt;

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
    /// The context has as many calls under way as it takes.
    Busy,
    /// Longer than the limit, in bytes. It was not sent.
    TooLarge(u32),
    /// The same of an outcome: the call was executed, and nobody knows what came of it.
    OutcomeTooLarge(u32),
    /// The context failed while it worked for the answer.
    Crashed,
    /// The answer could not be read.
    Malformed(String),
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
}

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the peer closed the connection"),
            Self::ClosedHere => f.write_str("the connection was closed from this side"),
            Self::Io(error) => write!(f, "the connection failed: {error}"),
            Self::Corrupt(error) => f.write_str(error),
            Self::Silent(ms) => write!(f, "nothing was heard for {} s", ms / 1000),
        }
    }
}

impl fmt::Display for Dead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            DeadReason::NoRoute(id) => write!(f, "no route to context {id}")?,
            DeadReason::InvalidHandle => f.write_str("nobody is at that handle")?,
            DeadReason::Unauthorised => f.write_str("the sender may not send this")?,
            DeadReason::Busy => f.write_str("too many calls are under way")?,
            DeadReason::Crashed => f.write_str("the context failed while it worked")?,
            DeadReason::TooLarge(max) => write!(f, "the message is over {max} bytes")?,
            DeadReason::OutcomeTooLarge(max) => {
                write!(f, "the call ran, and its outcome is over {max} bytes")?;
            }
            DeadReason::Malformed(error) => f.write_str(error)?,
            DeadReason::LinkDown(down) => down.fmt(f)?,
        }
        write!(f, " (noticed by context {})", self.at)
    }
}

impl std::error::Error for Dead {}
