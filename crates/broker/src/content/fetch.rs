//! Asks the parent for content. Whoever wants what is already on its way joins; what the parent does not have it is
//! not asked for again, until it offers it.

use super::packed::{check, read};
use super::{Key, Packed};
use crate::Broker;
use crate::channel::{Item, Receiver, WINDOW};
use proto::message::{
    Content, EngineKind, GetModule, GetResource, LoadModule, LoadResource, Loaded, Transfer,
};
use proto::router::{Accept, Message};
use proto::{Body, ContextId, Digest, Handle};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Refusals that are remembered. Whoever refuses keeps as many in mind, and says which of them to forget.
const REFUSED: usize = 4096;

/// Content that was announced, and its stream.
pub(super) struct Announced {
    pub(super) transfer: Transfer,
    pub(super) engine: EngineKind,
    pub(super) receiver: Receiver,
}

/// Asks one context, the parent. Clones are the same.
#[derive(Clone)]
pub struct Fetcher {
    parent: ContextId,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What was asked for, by the receiver where it shall come.
    asked: HashMap<Handle, (Key, oneshot::Sender<Announcement>)>,
    /// Who waits for the whole of what is under way, even if nobody waits any longer: it ends by itself.
    wanted: HashMap<Key, Vec<oneshot::Sender<Answer>>>,
    refused: HashMap<Key, String>,
}

/// What was announced, or why there is nothing.
type Announcement = Result<(Transfer, EngineKind), String>;

/// Content, or why there is none.
type Answer = Result<Arc<Packed>, String>;

impl Fetcher {
    /// Nothing has been asked for yet.
    #[must_use]
    pub fn new(parent: ContextId) -> Self {
        Self {
            parent,
            state: Arc::default(),
        }
    }

    /// Gets content whole, still packed.
    ///
    /// # Errors
    /// Why there is none, for a person.
    pub async fn whole(&self, broker: &Broker, content: &Content) -> Answer {
        let key = Key::from(content);
        let (answer, waiting) = oneshot::channel();
        let first = {
            let mut state = self.lock();
            if let Some(why) = state.refused.get(&key) {
                return Err(why.clone());
            }
            match state.wanted.entry(key.clone()) {
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
            }
        };
        if first {
            // The others rely on it, so it must not end with the call that happened to come first.
            let (this, broker, content) = (self.clone(), broker.clone(), content.clone());
            let io = broker.shared.io.clone();
            let mut wanted = Wanted {
                fetcher: this,
                key: Some(key),
            };
            // On the runtime of the links: that of the caller may be busy with guests, and end before.
            io.spawn(async move {
                let whole = wanted.fetcher.get_whole(&broker, &content).await;
                wanted.came(&whole.map(Arc::new));
            });
        }
        waiting
            .await
            .unwrap_or_else(|_| Err("the context ends".to_owned()))
    }

    async fn get_whole(&self, broker: &Broker, content: &Content) -> Result<Packed, String> {
        let Announced {
            transfer,
            engine,
            mut receiver,
        } = self.ask(broker, content).await?;
        read(transfer, engine, &mut receiver)
            .await
            .map_err(|error| error.to_string())
    }

    /// Asks for content, up to the announcement that it comes.
    pub(super) async fn ask(
        &self,
        broker: &Broker,
        content: &Content,
    ) -> Result<Announced, String> {
        let key = Key::from(content);
        if let Some(why) = self.lock().refused.get(&key) {
            return Err(why.clone());
        }
        let mut receiver = broker.receiver(Accept::Context(self.parent), WINDOW);
        let to = receiver.address().handle;
        let (answer, announced) = oneshot::channel();
        self.lock().asked.insert(to, (key, answer));
        let _asked = Asked { fetcher: self, to };
        let (handle, body) = match content {
            Content::Module {
                module,
                compatibility,
            } => {
                let ask = GetModule {
                    module: module.clone(),
                    compatibility: compatibility.clone(),
                    to,
                };
                (Handle::GET_MODULE, Body::new(&ask))
            }
            Content::Resource(digest) => {
                let ask = GetResource {
                    digest: *digest,
                    to,
                };
                (Handle::GET_RESOURCE, Body::new(&ask))
            }
        };
        let body = body.map_err(|error| error.to_string())?;
        broker
            .post(self.parent, handle, body)
            .await
            .map_err(|dead| dead.to_string())?;
        let (transfer, engine) = tokio::select! {
            biased;
            answer = announced => answer.unwrap_or_else(|_| Err("the context ends".to_owned()))?,
            // Nothing of the content comes before its announcement.
            instead = receiver.next() => return Err(match instead.item {
                Item::Dead(dead) => dead.to_string(),
                _ => "the parent sent something else".to_owned(),
            }),
        };
        check(&transfer).map_err(|error| error.to_string())?;
        Ok(Announced {
            transfer,
            engine,
            receiver,
        })
    }

    /// A LOAD_MODULE or LOAD_RESOURCE has come. Gives the digest of what was offered, if it was that.
    ///
    /// # Errors
    /// If it cannot be read, or nobody asked for it.
    pub fn loaded(&self, broker: &Broker, message: &Message) -> Result<Option<Digest>, String> {
        let limits = broker.limits();
        let (digest, to, loaded) = match message.handle {
            Handle::LOAD_MODULE => {
                let load: LoadModule = message.body.decode(limits).map_err(text)?;
                (load.module.digest, load.to, load.loaded)
            }
            _ => {
                let load: LoadResource = message.body.decode(limits).map_err(text)?;
                // Data has no engine; the field is not looked at.
                let loaded = match load.loaded {
                    Loaded::Missing(why) => Loaded::Missing(why),
                    Loaded::Offered => Loaded::Offered,
                    Loaded::Found {
                        transfer,
                        about: (),
                    } => Loaded::Found {
                        transfer,
                        about: EngineKind::Plain,
                    },
                };
                (load.digest, load.to, loaded)
            }
        };
        let answer = match loaded {
            Loaded::Offered => {
                self.lock().refused.retain(|key, _| key.digest != digest);
                return Ok(Some(digest));
            }
            Loaded::Missing(why) => Err(why),
            Loaded::Found { transfer, about } => Ok((transfer, about)),
        };
        let mut state = self.lock();
        let (key, asked) = match state.asked.remove(&to) {
            Some((key, asked)) if key.digest == digest => (key, asked),
            // The request may have been given up; else it is a mistake of the parent's. Nothing is taken.
            _ => return Err("nobody waits for it".to_owned()),
        };
        if let Err(why) = &answer {
            if state.refused.len() >= REFUSED {
                state.refused.clear();
            }
            state.refused.insert(key, why.clone());
        }
        // Whoever asked may be gone in this very moment.
        let _ = asked.send(answer);
        Ok(None)
    }

    /// Has the parent said that there is none?
    pub(super) fn is_refused(&self, key: &Key) -> bool {
        self.lock().refused.contains_key(key)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something that is on its way whole. However its task ends, nobody waits for it any longer.
struct Wanted {
    fetcher: Fetcher,
    /// None once it has come.
    key: Option<Key>,
}

impl Wanted {
    fn came(&mut self, whole: &Answer) {
        for waiting in self.take() {
            // Its call may have been cancelled.
            let _ = waiting.send(whole.clone());
        }
    }

    fn take(&mut self) -> Vec<oneshot::Sender<Answer>> {
        let key = self.key.take();
        let waiting = key.and_then(|key| self.fetcher.lock().wanted.remove(&key));
        waiting.unwrap_or_default()
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        // Nobody is left unless the runtime ended.
        drop(self.take());
    }
}

/// A request whose answer is not here. Whoever gives it up forgets it.
struct Asked<'a> {
    fetcher: &'a Fetcher,
    to: Handle,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.fetcher.lock().asked.remove(&self.to);
    }
}

fn text(error: proto::BodyError) -> String {
    error.to_string()
}
