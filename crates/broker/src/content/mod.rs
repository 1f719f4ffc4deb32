//! Modules and data files on their way down the tree: each context asks its parent for what it lacks, keeps what it
//! got, and answers its own children from that. So whatever a context has costs nobody above it anything again.
//!
//! [`Fetcher`] asks, [`Store`] keeps, [`Server`] answers, [`Relay`] is all three: a context between others.

mod asked;
mod fetch;
mod packed;
mod related;
mod relay;
mod send;
mod serve;
mod store;

pub use fetch::Fetcher;
pub use packed::{ContentError, MAX_CONTENT, Packed};
pub use relay::{Own, Relay};
pub use serve::{Contents, Served, Server};
pub use store::Store;

use proto::Digest;
use proto::message::{CompatibilityId, Content};

/// What a content is, whatever people call it: its digest, and for machine code what runs it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// Of the component, or of the data.
    pub digest: Digest,
    /// None for data.
    pub compatibility: Option<CompatibilityId>,
}

impl From<&Content> for Key {
    fn from(content: &Content) -> Self {
        match content {
            Content::Module {
                module,
                compatibility,
            } => Self {
                digest: module.digest,
                compatibility: Some(compatibility.clone()),
            },
            Content::Resource(digest) => Self {
                digest: *digest,
                compatibility: None,
            },
        }
    }
}
