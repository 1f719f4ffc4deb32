//! Answers children that ask for content.

use super::asked::Asked;
use super::send::send;
use super::{Key, Packed};
use crate::Broker;
use crate::channel::Receiver;
use async_trait::async_trait;
use proto::message::{
    CompatibilityId, Content, Dead, DeadReason, EngineKind, ForwardModule, GetModule, GetResource,
    LoadModule, LoadResource, Loaded, ModuleRef, Transfer,
};
use proto::router::Message;
use proto::{Body, BodyError, ContextId, Digest, Handle, Limits};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A request names one thing.
const ASK: Limits = Limits { max_body: 64 << 10 };

/// Where content comes from.
#[async_trait]
pub trait Contents: Send + Sync {
    /// Finds content for a child.
    ///
    /// # Errors
    /// Why there is none, for a person.
    async fn find(&self, broker: &Broker, content: &Content) -> Result<Served, String>;

    /// Is it known that there is no such content, until it is offered? If not, a child that asked in vain asks again.
    fn is_missing(&self, _content: &Content) -> bool {
        true
    }

    /// What a child that asks for this module will most likely ask for next. It is told to once the module is found.
    fn related(&self, _module: &ModuleRef, _compatibility: &CompatibilityId) -> Vec<Content> {
        Vec::new()
    }
}

/// Content that was found.
pub enum Served {
    /// All of it.
    Whole(Arc<Packed>),
    /// It comes from elsewhere, and goes on as it comes.
    Passing {
        /// What it is.
        transfer: Transfer,
        /// Which engine runs it.
        engine: EngineKind,
        /// Where it comes.
        from: Receiver,
    },
}

impl Served {
    fn announcement(&self) -> (Transfer, EngineKind) {
        match self {
            Self::Whole(packed) => (packed.transfer.clone(), packed.engine),
            Self::Passing {
                transfer, engine, ..
            } => (transfer.clone(), *engine),
        }
    }
}

/// Answers GET_MODULE and GET_RESOURCE. Clones are the same.
#[derive(Clone)]
pub struct Server {
    contents: Arc<dyn Contents>,
    children: Arc<Mutex<BTreeMap<ContextId, Arc<Asked>>>>,
    /// How often something was offered.
    offers: Arc<AtomicU64>,
}

impl Server {
    /// A server of these contents.
    #[must_use]
    pub fn new(contents: Arc<dyn Contents>) -> Self {
        Self {
            contents,
            children: Arc::default(),
            offers: Arc::default(),
        }
    }

    /// A child is gone: what it still waits for is for nobody.
    pub fn left(&self, child: ContextId) {
        if let Some(asked) = self.lock().remove(&child) {
            asked.close();
        }
    }

    /// A child asks. It is answered beside the reader, and with measure.
    pub fn asked(&self, broker: &Broker, message: &Message) {
        let child = message.src;
        // What comes later than the news that its sender is gone would be remembered for ever.
        if !broker.is_below(child) {
            return;
        }
        let asked = self.lock().entry(child).or_default().clone();
        let read = match message.handle {
            Handle::GET_MODULE => message.body.decode(ASK).map(|ask: GetModule| {
                let content = Content::Module {
                    module: ask.module,
                    compatibility: ask.compatibility,
                };
                (content, ask.to)
            }),
            _ => message
                .body
                .decode(ASK)
                .map(|ask: GetResource| (Content::Resource(ask.digest), ask.to)),
        };
        let dropped = |why: &str| {
            if asked.worth_telling() {
                tracing::warn!("dropped a message from {child:?}: {why}");
            }
        };
        let (content, to) = match read {
            Ok(read) => read,
            Err(error) => return dropped(&error.to_string()),
        };
        let Some(place) = asked.begin() else {
            // An announcement would be one more thing to send; whoever waits at the receiver is told in few bytes.
            dropped("it has asked for too much at once");
            let busy = Dead {
                reason: DeadReason::Busy,
                at: broker.me(),
            };
            return broker.say_dead(child, to, &busy);
        };
        let (this, broker) = (self.clone(), broker.clone());
        tokio::spawn(async move {
            let _place = place;
            let key = Key::from(&content);
            let sending = this.answer(&broker, child, &asked, content, to);
            asked.in_turn(&key, sending).await;
        });
    }

    async fn answer(
        &self,
        broker: &Broker,
        child: ContextId,
        asked: &Asked,
        content: Content,
        to: Handle,
    ) {
        let sent = async {
            let served = loop {
                let offers = self.offers.load(Ordering::SeqCst);
                match self.contents.find(broker, &content).await {
                    Ok(served) => break served,
                    Err(why) => {
                        let _order = asked.order();
                        // What was offered meanwhile may be this: it would be refused for ever.
                        if self.offers.load(Ordering::SeqCst) != offers {
                            continue;
                        }
                        if !self.contents.is_missing(&content) {
                            broker.say_dead(child, to, &broker.dead(DeadReason::Busy));
                            return Ok(());
                        }
                        if let Some(forgotten) = asked.refuse(Key::from(&content)) {
                            offer(broker, child, &forgotten);
                        }
                        tell(broker, child, &content, to, Loaded::Missing(why));
                        return Ok(());
                    }
                }
            };
            self.push_related(broker, child, asked, &content).await;
            let (transfer, about) = served.announcement();
            let found = Loaded::Found { transfer, about };
            announce(broker, child, &content, to, found).await?;
            send(broker, child, to, served).await
        };
        if let Err(dead) = sent.await {
            tracing::debug!("{child:?} does not get what it asked for: {dead}");
        }
    }

    /// There is something that children may have been told there is not. They are told before whatever is sent or passed on
    /// to them from now on.
    pub fn offered(&self, broker: &Broker, digest: Digest) {
        self.offers.fetch_add(1, Ordering::SeqCst);
        let children: Vec<_> = self
            .lock()
            .iter()
            .map(|(id, it)| (*id, it.clone()))
            .collect();
        for (child, asked) in children {
            let _order = asked.order();
            if let Some(key) = asked.no_longer_refused(digest) {
                offer(broker, child, &key);
            }
        }
    }

    /// Tells a child that has asked for a module to ask for what belongs to it. Where this context had to ask itself it
    /// was told so before the module came.
    async fn push_related(
        &self,
        broker: &Broker,
        child: ContextId,
        asked: &Asked,
        content: &Content,
    ) {
        let Content::Module {
            module,
            compatibility,
        } = content
        else {
            return;
        };
        for content in self.contents.related(module, compatibility) {
            if !asked.tells(module.digest, Key::from(&content)) {
                continue;
            }
            let forward = ForwardModule {
                target: child,
                content,
                with: Some(module.digest),
            };
            self.push(broker, child, &forward).await;
        }
    }

    /// Tells a child to fetch content that will be needed there or below it.
    pub async fn push(&self, broker: &Broker, child: ContextId, forward: &ForwardModule) {
        if let Ok(body) = Body::new(forward) {
            // A child that is gone needs nothing.
            let _ = broker.post(child, Handle::FORWARD_MODULE, body).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ContextId, Arc<Asked>>> {
        // Nothing panics while it is held.
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells a child to forget a refusal.
fn offer(broker: &Broker, child: ContextId, key: &Key) {
    let content = match &key.compatibility {
        Some(compatibility) => Content::Module {
            module: ModuleRef {
                name: String::new(),
                digest: key.digest,
            },
            compatibility: compatibility.clone(),
        },
        None => Content::Resource(key.digest),
    };
    tell(broker, child, &content, Handle::NONE, Loaded::Offered);
}

/// Announces what is short, and so need not wait for room.
fn tell(
    broker: &Broker,
    child: ContextId,
    content: &Content,
    to: Handle,
    loaded: Loaded<EngineKind>,
) {
    // It is plain data of known types, which can always be written as CBOR.
    if let Ok((handle, body)) = announcement(content, to, loaded) {
        broker.tell(child, handle, Handle::NONE, body);
    }
}

async fn announce(
    broker: &Broker,
    child: ContextId,
    content: &Content,
    to: Handle,
    loaded: Loaded<EngineKind>,
) -> Result<(), Dead> {
    let announcement = announcement(content, to, loaded);
    let (handle, body) = announcement.map_err(|error| broker.malformed(&error))?;
    broker.post(child, handle, body).await
}

fn announcement(
    content: &Content,
    to: Handle,
    loaded: Loaded<EngineKind>,
) -> Result<(Handle, Body), BodyError> {
    let (handle, body) = match content {
        Content::Module { module, .. } => {
            let load = LoadModule {
                module: module.clone(),
                to,
                loaded,
            };
            (Handle::LOAD_MODULE, Body::new(&load))
        }
        Content::Resource(digest) => {
            let loaded = match loaded {
                Loaded::Found { transfer, .. } => Loaded::Found {
                    transfer,
                    about: (),
                },
                Loaded::Missing(why) => Loaded::Missing(why),
                Loaded::Offered => Loaded::Offered,
            };
            let load = LoadResource {
                digest: *digest,
                to,
                loaded,
            };
            (Handle::LOAD_RESOURCE, Body::new(&load))
        }
    };
    Ok((handle, body?))
}
