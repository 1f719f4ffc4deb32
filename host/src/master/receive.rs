//! What contexts send to the master: requests for modules and sources, log records.

#[cfg(test)]
mod tests;

use super::LogSink;
use super::asked::Wanted;
use super::library::Library;
use broker::{Broker, Receive};
use bytes::Bytes;
use proto::message::{
    GetModule, GetResource, LoadModule, LoadResource, Loaded, LogRecord, Transfer,
};
use proto::router::Message;
use proto::{Body, BodyError, ContextId, Digest, Handle, Limits};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A request names one thing.
const ASK: Limits = Limits { max_body: 64 << 10 };
/// A record is one line, of which a guest's host makes no more than some KiB.
const RECORD: Limits = Limits { max_body: 1 << 20 };

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

    fn transfer(&self, packed: &Bytes, len: u64, digest: Digest) -> Transfer {
        Transfer {
            number: self.last_transfer.fetch_add(1, Ordering::Relaxed),
            packed_len: packed.len() as u64,
            len,
            digest,
        }
    }
}

impl Receive for Receiver {
    fn receive(&self, broker: &Broker, message: Message) {
        let (src, body) = (message.src, &message.body);
        let this = || (self.clone(), broker.clone());
        let understood = match message.handle {
            Handle::GET_MODULE => body.decode(ASK).map(|ask| {
                let (this, broker) = this();
                self.answer(src, Wanted::Module, this.send_module(broker, src, ask));
            }),
            Handle::GET_RESOURCE => body.decode(ASK).map(|ask| {
                let (this, broker) = this();
                self.answer(src, Wanted::Source, this.send_resource(broker, src, ask));
            }),
            Handle::FORWARD_LOG => body.decode(RECORD).map(|record: LogRecord| {
                self.log.record(&self.library.name(src), &record);
            }),
            _ => Ok(()),
        };
        if let Err(error) = understood {
            self.dropped(src, &error.to_string());
        }
    }
}

impl Receiver {
    /// Sends what was asked for, beside the reader and with measure.
    fn answer(
        &self,
        src: ContextId,
        wanted: Wanted,
        sending: impl Future<Output = ()> + Send + 'static,
    ) {
        // Whoever has left gets nothing.
        let Some(asked) = self.library.asked(src) else {
            return;
        };
        match asked.begin() {
            Some(place) => {
                tokio::spawn(async move {
                    let _place = place;
                    asked.in_turn(wanted, sending).await;
                });
            }
            // An answer would be one more thing to send.
            None => self.dropped(src, "it has asked for too much at once"),
        }
    }

    fn dropped(&self, src: ContextId, why: &str) {
        if self.library.asked(src).is_some_and(|it| it.worth_telling()) {
            let name = self.library.name(src);
            tracing::warn!("dropped a message from {name}: {why}");
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
                let transfer =
                    self.transfer(&packed.zstd, artifact.bytes.len() as u64, artifact.digest);
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
        // Shared with the other contexts that want it, as long as one of them is being sent it.
        let found = self.library.sources().packed(&ask.digest).await;
        let (loaded, bytes) = match &found {
            Ok(packed) => {
                let transfer = self.transfer(&packed.zstd, packed.len, ask.digest);
                let about = ();
                (Loaded::Found { transfer, about }, packed.zstd.clone())
            }
            Err(why) => (Loaded::Missing(why.clone()), Bytes::new()),
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
