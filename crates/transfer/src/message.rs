//! The arguments and values of the service's methods.

use files::Plan;
use proto::message::Address;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `stat`: what a file is like. The value is [`files::Metadata`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Stat {
    #[serde(with = "crate::path")]
    pub(crate) path: PathBuf,
}

/// `read`: send a file. It returns without a value, when all of it was sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Read {
    #[serde(with = "crate::path")]
    pub(crate) path: PathBuf,
    /// Where to begin, in bytes.
    pub(crate) offset: u64,
    /// A receiver of the caller's, which takes the file.
    pub(crate) to: Address,
}

/// `write`: take a file. The value is [`files::Metadata`] of the file, which has taken its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Write {
    #[serde(with = "crate::path")]
    pub(crate) path: PathBuf,
    pub(crate) plan: Plan,
    /// A receiver of the caller's, which is told [`Opened`].
    pub(crate) to: Address,
}

/// The file is open, and waits for its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Opened {
    /// A receiver that takes it.
    pub(crate) to: Address,
    /// From where on, in bytes: what was there already.
    pub(crate) offset: u64,
}
