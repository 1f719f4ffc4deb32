//! What the runtime needs from above, as messages to the parent: modules, data files, log records.

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use broker::transfer::{Complete, Incoming};
use broker::{Broker, Receive};
use bytes::Bytes;
use proto::message::{
    CompatibilityId, EngineKind, GetModule, GetResource, LoadModule, LoadResource, Loaded,
    LogRecord, ModuleRef, Transfer,
};
use proto::router::Message;
use proto::{Body, ContextId, Digest, Flags, Handle};
use runtime::{Artifact, Upstream};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// The parent, as this slave's runtime sees it.
pub(crate) struct Parent {
    id: ContextId,
    compatibility: CompatibilityId,
    broker: OnceLock<Broker>,
    wanted: Wanted,
}

/// What has been asked for and has not come. Clones are the same.
#[derive(Clone, Default)]
struct Wanted(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Who waits for each request. A request is under way until its answer is here, even if nobody waits any
    /// longer: whoever wants the same meanwhile joins it.
    waiting: HashMap<(Handle, Digest), Vec<oneshot::Sender<Answer>>>,
    incoming: Incoming<About>,
}

/// What to remember of a transfer until it is complete.
struct About {
    handle: Handle,
    digest: Digest,
    engine: EngineKind,
}

/// Content that has come, still packed, or why there is none.
#[derive(Clone)]
struct Content {
    complete: Arc<Complete<()>>,
    engine: EngineKind,
}

type Answer = Result<Content, String>;

impl Parent {
    pub(crate) fn new(id: ContextId, compatibility: CompatibilityId) -> Self {
        Self {
            id,
            compatibility,
            broker: OnceLock::new(),
            wanted: Wanted::default(),
        }
    }

    /// From now on messages can be sent.
    pub(crate) fn connect(&self, broker: Broker) {
        // A slave has one broker in its life.
        let _ = self.broker.set(broker);
    }

    /// Sends a request for content, unless one is under way, and waits for the content.
    async fn fetch(&self, handle: Handle, load: Handle, digest: Digest, body: Body) -> Answer {
        let broker = self.broker.get().ok_or("the slave is not connected")?;
        let (answer, waiting) = oneshot::channel();
        let first = match self.wanted.lock().waiting.entry((load, digest)) {
            Entry::Occupied(mut others) => {
                let others = others.get_mut();
                // Those whose call was cancelled wait no longer.
                others.retain(|other| !other.is_closed());
                others.push(answer);
                false
            }
            Entry::Vacant(place) => {
                place.insert(vec![answer]);
                true
            }
        };
        if first {
            // The others rely on it, so it must not end with the call that happened to come first.
            let (broker, wanted, id) = (broker.clone(), self.wanted.clone(), self.id);
            tokio::spawn(async move {
                if let Err(dead) = broker.post(id, handle, body).await {
                    wanted.answer(load, digest, &Err(dead.to_string()));
                }
            });
        }
        waiting
            .await
            .unwrap_or_else(|_| Err("the way to the parent is gone".to_owned()))
    }

    fn announced(
        &self,
        src: ContextId,
        handle: Handle,
        digest: Digest,
        loaded: Loaded<EngineKind>,
    ) {
        let refused = match loaded {
            Loaded::Missing(why) => why,
            Loaded::Found { transfer, about } => {
                let about = About {
                    handle,
                    digest,
                    engine: about,
                };
                let announced = {
                    let mut state = self.wanted.lock();
                    let asked = state.waiting.contains_key(&(handle, digest));
                    asked.then(|| state.incoming.announce(src, transfer, about))
                };
                match announced {
                    Some(Ok(())) => return,
                    Some(Err((error, _))) => error.to_string(),
                    None => {
                        // Its bytes will find no transfer, and take no room.
                        tracing::warn!("{src:?} sends what was not asked for");
                        return;
                    }
                }
            }
        };
        self.wanted.answer(handle, digest, &Err(refused));
    }

    fn chunk(&self, message: &Message) {
        let (src, number) = (message.src, message.reply_to.0);
        let chunk = self
            .wanted
            .lock()
            .incoming
            .chunk(src, number, message.body.bytes());
        match chunk {
            Ok(None) => {}
            Ok(Some(complete)) => {
                let About {
                    handle,
                    digest,
                    engine,
                } = complete.about;
                let complete = Complete {
                    transfer: complete.transfer,
                    packed: complete.packed,
                    about: (),
                };
                let content = Content {
                    complete: complete.into(),
                    engine,
                };
                self.wanted.answer(handle, digest, &Ok(content));
            }
            Err((error, about)) => {
                self.wanted
                    .answer(about.handle, about.digest, &Err(error.to_string()));
            }
        }
    }
}

impl Wanted {
    fn answer(&self, load: Handle, digest: Digest, answer: &Answer) {
        let waiting = self.lock().waiting.remove(&(load, digest));
        for waiting in waiting.into_iter().flatten() {
            // Its call may have been cancelled.
            let _ = waiting.send(answer.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Receive for Parent {
    fn receive(&self, broker: &Broker, message: Message) {
        if message.body.flags().contains(Flags::BULK) {
            return self.chunk(&message);
        }
        let (src, limits) = (message.src, broker.limits());
        let understood = match message.handle {
            Handle::LOAD_MODULE => message.body.decode(limits).map(|load: LoadModule| {
                self.announced(src, message.handle, load.module.digest, load.loaded);
            }),
            Handle::LOAD_RESOURCE => message.body.decode(limits).map(|load: LoadResource| {
                let loaded = match load.loaded {
                    Loaded::Missing(why) => Loaded::Missing(why),
                    Loaded::Found {
                        transfer,
                        about: (),
                    } => Loaded::Found {
                        transfer,
                        // Data has no engine; the field is not looked at.
                        about: EngineKind::Plain,
                    },
                };
                self.announced(src, message.handle, load.digest, loaded);
            }),
            handle => {
                tracing::warn!("{src:?} sent to {handle:?}, which a slave does not take");
                return;
            }
        };
        if let Err(error) = understood {
            tracing::warn!("dropped a message from {src:?}: {error}");
        }
    }
}

#[async_trait]
impl Upstream for Parent {
    async fn module(&self, module: &ModuleRef) -> Result<Artifact, String> {
        let ask = GetModule {
            module: module.clone(),
            compatibility: self.compatibility.clone(),
        };
        let body = Body::new(&ask).map_err(|error| error.to_string())?;
        let content = self
            .fetch(Handle::GET_MODULE, Handle::LOAD_MODULE, module.digest, body)
            .await?;
        let bytes = content.unpack().await?;
        Ok(Artifact {
            engine: content.engine,
            digest: content.transfer().digest,
            bytes,
        })
    }

    async fn resource(&self, digest: &Digest) -> Result<Bytes, String> {
        let body =
            Body::new(&GetResource { digest: *digest }).map_err(|error| error.to_string())?;
        let content = self
            .fetch(Handle::GET_RESOURCE, Handle::LOAD_RESOURCE, *digest, body)
            .await?;
        let bytes = content.unpack().await?;
        if blake3::hash(&bytes).as_bytes() == &digest.0 {
            Ok(bytes)
        } else {
            Err("its content is not what was asked for".to_owned())
        }
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

impl Content {
    fn transfer(&self) -> &Transfer {
        &self.complete.transfer
    }

    /// Decompresses where it may take its time.
    async fn unpack(&self) -> Result<Bytes, String> {
        let complete = self.complete.clone();
        tokio::task::spawn_blocking(move || complete.unpack())
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())
    }
}
