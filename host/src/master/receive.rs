//! What contexts send to the master: requests for modules and sources, log records.

use super::LogSink;
use super::library::Library;
use broker::{Broker, Receive};
use bytes::Bytes;
use proto::message::{
    GetModule, GetResource, LoadModule, LoadResource, Loaded, LogRecord, Transfer,
};
use proto::router::Message;
use proto::{Body, BodyError, ContextId, Digest, Handle};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const ZSTD_LEVEL: i32 = 1;

/// The master's receiver.
pub(super) struct Receiver {
    library: Arc<Library>,
    log: Arc<dyn LogSink>,
    last_transfer: Arc<AtomicU32>,
}

impl Receiver {
    pub(super) fn new(library: Arc<Library>, log: Arc<dyn LogSink>) -> Self {
        Self {
            library,
            log,
            last_transfer: Arc::new(AtomicU32::new(Handle::FIRST_DYNAMIC.0)),
        }
    }

    fn transfer(&self, packed: &Bytes, len: usize, digest: Digest) -> Transfer {
        Transfer {
            number: self.last_transfer.fetch_add(1, Ordering::Relaxed),
            packed_len: packed.len() as u64,
            len: len as u64,
            digest,
        }
    }
}

impl Receive for Receiver {
    fn receive(&self, broker: &Broker, message: Message) {
        let (src, limits) = (message.src, broker.limits());
        let understood = match message.handle {
            Handle::GET_MODULE => message.body.decode(limits).map(|ask| {
                tokio::spawn(self.clone().send_module(broker.clone(), src, ask));
            }),
            Handle::GET_RESOURCE => message.body.decode(limits).map(|ask| {
                tokio::spawn(self.clone().send_resource(broker.clone(), src, ask));
            }),
            Handle::FORWARD_LOG => message.body.decode(limits).map(|record: LogRecord| {
                self.log.record(&self.library.name(src), &record);
            }),
            _ => Ok(()),
        };
        if let Err(error) = understood {
            let name = self.library.name(src);
            tracing::warn!("dropped a message from {name}: {error}");
        }
    }
}

impl Clone for Receiver {
    fn clone(&self) -> Self {
        Self {
            library: self.library.clone(),
            log: self.log.clone(),
            last_transfer: self.last_transfer.clone(),
        }
    }
}

impl Receiver {
    async fn send_module(self, broker: Broker, src: ContextId, ask: GetModule) {
        let found = self.library.packed(src, &ask.module).await;
        let (loaded, bytes) = match found {
            Ok(packed) => {
                let artifact = &packed.artifact;
                let transfer = self.transfer(&packed.zstd, artifact.bytes.len(), artifact.digest);
                let about = artifact.engine;
                (Loaded::Found { transfer, about }, packed.zstd.clone())
            }
            Err(why) => (Loaded::Missing(why), Bytes::new()),
        };
        let number = number(&loaded);
        let load = Body::new(&LoadModule {
            module: ask.module,
            loaded,
        });
        send(&broker, src, Handle::LOAD_MODULE, load, number, &bytes).await;
    }

    async fn send_resource(self, broker: Broker, src: ContextId, ask: GetResource) {
        let library = self.library.clone();
        let read = tokio::task::spawn_blocking(move || {
            let content = library.sources().read(&ask.digest)?;
            let packed =
                zstd::bulk::compress(&content, ZSTD_LEVEL).map_err(|error| error.to_string())?;
            Ok((content.len(), Bytes::from(packed)))
        });
        let found = read.await.unwrap_or_else(|error| Err(error.to_string()));
        let (loaded, bytes) = match found {
            Ok((len, packed)) => {
                let transfer = self.transfer(&packed, len, ask.digest);
                (
                    Loaded::Found {
                        transfer,
                        about: (),
                    },
                    packed,
                )
            }
            Err(why) => (Loaded::Missing(why), Bytes::new()),
        };
        let number = number(&loaded);
        let load = Body::new(&LoadResource {
            digest: ask.digest,
            loaded,
        });
        send(&broker, src, Handle::LOAD_RESOURCE, load, number, &bytes).await;
    }
}

fn number<T>(loaded: &Loaded<T>) -> u32 {
    match loaded {
        Loaded::Found { transfer, .. } => transfer.number,
        Loaded::Missing(_) => Handle::NONE.0,
    }
}

/// The announcement, then the content behind whatever else there is to say.
async fn send(
    broker: &Broker,
    to: ContextId,
    handle: Handle,
    load: Result<Body, BodyError>,
    number: u32,
    bytes: &Bytes,
) {
    let announced = match load {
        Ok(body) => broker
            .post(to, handle, body)
            .await
            .map_err(|dead| dead.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match announced {
        Ok(()) => broker.send_bulk(to, handle, number, bytes).await,
        Err(error) => tracing::warn!("{to:?} does not get what it asked for: {error}"),
    }
}
