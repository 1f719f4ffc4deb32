//! What the runtime needs from above, as messages to the parent: modules, data files, log records.

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use broker::Broker;
use broker::content::{Key, Own, Packed, Relay};
use bytes::Bytes;
use proto::message::{CompatibilityId, Content, GUESTS, LogRecord, ModuleRef, Transfer};
use proto::{Body, ContextId, Digest, Handle};
use runtime::{Artifact, Artifacts, Supply, Upstream};
use std::sync::{Arc, OnceLock};

/// Machine code from the disk is packed while a child waits for it.
const ZSTD_LEVEL: i32 = 1;

/// The parent, as this slave's runtime sees it.
pub(crate) struct Parent {
    compatibility: CompatibilityId,
    relay: Arc<Relay>,
    broker: OnceLock<Broker>,
}

impl Parent {
    pub(crate) fn new(compatibility: CompatibilityId, relay: Arc<Relay>) -> Self {
        Self {
            compatibility,
            relay,
            broker: OnceLock::new(),
        }
    }

    /// From now on messages can be sent.
    pub(crate) fn connect(&self, broker: Broker) {
        // A slave has one broker in its life.
        let _ = self.broker.set(broker);
    }

    async fn fetch(&self, content: &Content) -> Result<Arc<Packed>, String> {
        let broker = self.broker.get().ok_or("the slave is not connected")?;
        self.relay.whole(broker, content).await
    }
}

#[async_trait]
impl Supply for Parent {
    async fn module(&self, module: &ModuleRef) -> Result<Artifact, String> {
        let content = Content::Module {
            module: module.clone(),
            compatibility: self.compatibility.clone(),
        };
        let packed = self.fetch(&content).await?;
        let bytes = unpack(&packed).await?;
        Ok(Artifact {
            engine: packed.engine,
            digest: packed.transfer.digest,
            bytes,
        })
    }
}

#[async_trait]
impl Upstream for Parent {
    async fn resource(&self, digest: &Digest) -> Result<Bytes, String> {
        let packed = self.fetch(&Content::Resource(*digest)).await?;
        let bytes = unpack(&packed).await?;
        if blake3::hash(&bytes).as_bytes() == &digest.0 {
            Ok(bytes)
        } else {
            Err("its content is not what was asked for".to_owned())
        }
    }

    async fn ask(&self, method: &str, request: Body) -> Result<Body, String> {
        let broker = self.broker.get().ok_or("the slave is not connected")?;
        broker
            .call_service_with(ContextId::MASTER, GUESTS, method, &request)
            .await
            .map_err(|error| error.to_string())
    }

    async fn log(&self, record: LogRecord) {
        let (Some(broker), Ok(body)) = (self.broker.get(), Body::new(&record)) else {
            return;
        };
        // A record that is too large for the link is lost; the guest cannot make one that is.
        let _ = broker
            .post(ContextId::MASTER, Handle::FORWARD_LOG, body)
            .await;
    }
}

/// Decompresses where it may take its time.
async fn unpack(packed: &Arc<Packed>) -> Result<Bytes, String> {
    let packed = packed.clone();
    tokio::task::spawn_blocking(move || packed.unpack())
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())
}

/// The artifacts that this slave has kept on its machine, for children of the same kind.
pub(crate) struct Kept {
    pub(crate) artifacts: Option<Artifacts>,
}

#[async_trait]
impl Own for Kept {
    async fn packed(&self, module: &ModuleRef, key: &Key) -> Option<Packed> {
        let artifacts = self.artifacts.clone()?;
        let path = artifacts.path(&module.digest, key.compatibility.as_ref()?);
        let work = tokio::task::spawn_blocking(move || {
            let artifact = artifacts.read(&path).ok()??;
            let zstd = zstd::bulk::compress(&artifact.bytes, ZSTD_LEVEL).ok()?;
            Some(Packed {
                transfer: Transfer {
                    packed_len: zstd.len() as u64,
                    len: artifact.bytes.len() as u64,
                    digest: artifact.digest,
                },
                engine: artifact.engine,
                zstd: zstd.into(),
            })
        });
        work.await.ok()?
    }
}
