//! What a runtime asks of whoever started it. The slave answers with messages to its parent.

use async_trait::async_trait;
use bytes::Bytes;
use proto::message::{EngineKind, LogRecord, ModuleRef};
use proto::{Body, Digest};

/// Machine code that the parent sent, and whose digest was found to be the announced one.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// Which engine it is for.
    pub engine: EngineKind,
    /// The code, as wasmtime serialised it.
    pub bytes: Bytes,
    /// BLAKE3 of `bytes`, as the parent announced it.
    pub digest: Digest,
}

/// The way up the tree.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// Fetches a module's machine code.
    ///
    /// # Errors
    /// Why nobody has it, for a person.
    async fn module(&self, module: &ModuleRef) -> Result<Artifact, String>;

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
