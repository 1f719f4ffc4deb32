//! A context between others: what its children want it has, or asks its parent for, once.

use super::related::Related;
use super::serve::{Contents, Served};
use super::{Fetcher, Key, Packed, Store, packed};
use crate::Broker;
use async_trait::async_trait;
use proto::message::{CompatibilityId, Content, ForwardModule, ModuleRef};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Data files up to this size, packed, in bytes, are kept on the way for whoever wants them next. Larger ones pass: a
/// context between others does not have the memory.
const KEPT: u64 = 8 << 20;

/// What a context has by other means, on its disk say, and can be packed for a child.
#[async_trait]
pub trait Own: Send + Sync {
    /// A module that it has, in the form in which it would have come.
    async fn packed(&self, module: &ModuleRef, key: &Key) -> Option<Packed>;
}

/// Content as it comes from above.
pub struct Relay {
    fetcher: Fetcher,
    store: Arc<Store>,
    own: Arc<dyn Own>,
    /// One at a time asks for a data file; the others wait whether it is one that is kept.
    turns: Mutex<HashMap<Key, Weak<tokio::sync::Mutex<()>>>>,
    related: Related,
}

impl Relay {
    /// A relay of what a fetcher gets.
    #[must_use]
    pub fn new(fetcher: Fetcher, store: Arc<Store>, own: Arc<dyn Own>) -> Self {
        Self {
            fetcher,
            store,
            own,
            turns: Mutex::default(),
            related: Related::default(),
        }
    }

    /// A FORWARD_MODULE has come. Must be said before anything that comes behind it is looked at: that may be what it
    /// belongs to.
    pub fn forwarded(&self, forward: &ForwardModule) {
        self.related.note(forward);
    }

    /// Content that this context itself wants, or that it shall have for those below.
    ///
    /// # Errors
    /// Why there is none, for a person.
    pub async fn whole(&self, broker: &Broker, content: &Content) -> Result<Arc<Packed>, String> {
        let key = Key::from(content);
        if let Some(packed) = self.store.get(&key) {
            return Ok(packed);
        }
        let packed = self.fetcher.whole(broker, content).await?;
        self.store.put(key, &packed);
        Ok(packed)
    }

    fn turn(&self, key: &Key) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        turns.insert(key.clone(), Arc::downgrade(&turn));
        turn
    }

    /// A data file: kept if it is small, else passed on as it comes.
    async fn resource(&self, broker: &Broker, content: &Content) -> Result<Served, String> {
        let key = Key::from(content);
        let turn = self.turn(&key);
        let _turn = turn.lock().await;
        if let Some(packed) = self.store.get(&key) {
            return Ok(Served::Whole(packed));
        }
        let mut announced = self.fetcher.ask(broker, content).await?;
        let (transfer, engine) = (announced.transfer, announced.engine);
        if transfer.packed_len > KEPT {
            return Ok(Served::Passing {
                transfer,
                engine,
                from: announced.receiver,
            });
        }
        let packed = packed::read(transfer, engine, &mut announced.receiver).await;
        let packed = Arc::new(packed.map_err(|error| error.to_string())?);
        self.store.put(key, &packed);
        Ok(Served::Whole(packed))
    }
}

#[async_trait]
impl Contents for Relay {
    fn related(&self, module: &ModuleRef, compatibility: &CompatibilityId) -> Vec<Content> {
        self.related.of(module.digest, compatibility)
    }

    fn is_missing(&self, content: &Content) -> bool {
        self.fetcher.is_refused(&Key::from(content))
    }

    async fn find(&self, broker: &Broker, content: &Content) -> Result<Served, String> {
        let Content::Module { module, .. } = content else {
            return self.resource(broker, content).await;
        };
        let key = Key::from(content);
        if self.store.get(&key).is_none()
            && let Some(packed) = self.own.packed(module, &key).await
        {
            let packed = Arc::new(packed);
            self.store.put(key, &packed);
            return Ok(Served::Whole(packed));
        }
        self.whole(broker, content).await.map(Served::Whole)
    }
}
