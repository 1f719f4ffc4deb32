//! What the runtime needs from above, as messages to the parent: modules, data files, log records.

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
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// The parent, as this slave's runtime sees it.
pub(crate) struct Parent {
    id: ContextId,
    compatibility: CompatibilityId,
    broker: OnceLock<Broker>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
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
    complete: std::sync::Arc<Complete<()>>,
    engine: EngineKind,
}

type Answer = Result<Content, String>;

impl Parent {
    pub(crate) fn new(id: ContextId, compatibility: CompatibilityId) -> Self {
        Self {
            id,
            compatibility,
            broker: OnceLock::new(),
            state: Mutex::default(),
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
        let first = {
            let mut state = self.lock();
            let others = state.waiting.entry((load, digest)).or_default();
            // Those whose call was cancelled wait no longer.
            others.retain(|other| !other.is_closed());
            others.push(answer);
            others.len() == 1
        };
        if first {
            broker
                .post(self.id, handle, body)
                .await
                .map_err(|dead| dead.to_string())?;
        }
        waiting
            .await
            .unwrap_or_else(|_| Err("the way to the parent is gone".to_owned()))
    }

    fn answer(&self, load: Handle, digest: Digest, answer: &Answer) {
        let waiting = self.lock().waiting.remove(&(load, digest));
        for waiting in waiting.into_iter().flatten() {
            // Its call may have been cancelled.
            let _ = waiting.send(answer.clone());
        }
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
                match self.lock().incoming.announce(src, transfer, about) {
                    Ok(()) => return,
                    Err((error, _)) => error.to_string(),
                }
            }
        };
        self.answer(handle, digest, &Err(refused));
    }

    fn chunk(&self, message: &Message) {
        let (src, number) = (message.src, message.reply_to.0);
        let chunk = self
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
                self.answer(handle, digest, &Ok(content));
            }
            Err((error, about)) => {
                self.answer(about.handle, about.digest, &Err(error.to_string()));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
