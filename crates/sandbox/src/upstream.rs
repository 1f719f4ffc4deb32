//! What a guest's host needs from above. The slave has it by messages to its parent.

use async_trait::async_trait;
use bytes::Bytes;
use proto::message::LogRecord;
use proto::{Body, Digest};

/// The way up the tree.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// Fetches a data file of the master. Its digest is the one that was asked for.
    ///
    /// # Errors
    /// Why nobody has it, for a person.
    async fn resource(&self, digest: &Digest) -> Result<Bytes, String>;

    /// Calls a method of the master's service for guests: [`proto::message::GUESTS`].
    ///
    /// # Errors
    /// Why there is no answer, for a person.
    async fn ask(&self, method: &str, request: Body) -> Result<Body, String>;

    /// Passes a log record on. Waits if the way is full.
    async fn log(&self, record: LogRecord);
}
