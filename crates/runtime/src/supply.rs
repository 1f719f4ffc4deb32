//! What a runtime asks of whoever started it, besides what its guests ask for. The slave answers with messages to its parent.

use async_trait::async_trait;
use bytes::Bytes;
use proto::Digest;
use proto::message::{EngineKind, ModuleRef};
use sandbox::Upstream;

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

/// Where modules come from.
#[async_trait]
pub trait Supply: Upstream {
    /// Fetches a module's machine code.
    ///
    /// # Errors
    /// Why nobody has it, for a person.
    async fn module(&self, module: &ModuleRef) -> Result<Artifact, String>;
}
