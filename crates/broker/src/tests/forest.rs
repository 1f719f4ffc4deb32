//! Contexts that hand content down: a master that has it, relays, and leaves that want it.

use super::support::MASTER;
use super::tree::Tree;
use crate::content::{Contents, Fetcher, Key, Own, Packed, Relay, Served, Server, Store};
use crate::{Broker, Event, Receive};
use async_trait::async_trait;
use bytes::Bytes;
use proto::message::{CompatibilityId, Content, EngineKind, ForwardModule, ModuleRef, Transfer};
use proto::router::Message;
use proto::{ContextId, Digest, Handle};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::timeout;

pub(super) fn module(n: u8) -> Content {
    Content::Module {
        module: ModuleRef {
            name: format!("module-{n}"),
            digest: Digest([n; 32]),
        },
        compatibility: CompatibilityId("test".to_owned()),
    }
}

pub(super) fn resource(n: u8) -> Content {
    Content::Resource(Digest([n; 32]))
}

/// Bytes that do not shrink.
pub(super) fn noise(len: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

pub(super) fn pack(content: &Content, bytes: &[u8]) -> Arc<Packed> {
    let zstd: Bytes = zstd::bulk::compress(bytes, 1).unwrap().into();
    let transfer = Transfer {
        packed_len: zstd.len() as u64,
        len: bytes.len() as u64,
        digest: Key::from(content).digest,
    };
    Arc::new(Packed {
        transfer,
        engine: EngineKind::Plain,
        zstd,
    })
}

/// What the master has, and how often it was asked.
#[derive(Default)]
pub(super) struct Shelf {
    pub(super) has: Mutex<BTreeMap<Key, Arc<Packed>>>,
    pub(super) asked: AtomicUsize,
    /// Nothing is found as long as this holds.
    pub(super) hangs: Mutex<bool>,
    /// What belongs to which module.
    pub(super) related: Mutex<BTreeMap<Digest, Vec<Content>>>,
}

impl Shelf {
    pub(super) fn put(&self, content: &Content, bytes: &[u8]) {
        let packed = pack(content, bytes);
        self.has.lock().unwrap().insert(Key::from(content), packed);
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Contents for Shelf {
    async fn find(&self, _: &Broker, content: &Content) -> Result<Served, String> {
        let found = self.has.lock().unwrap().get(&Key::from(content)).cloned();
        self.asked.fetch_add(1, Ordering::SeqCst);
        // Others have time to ask for the same, and what was not there to come.
        tokio::time::sleep(Duration::from_millis(20)).await;
        if *self.hangs.lock().unwrap() {
            std::future::pending::<()>().await;
        }
        found
            .map(Served::Whole)
            .ok_or_else(|| "there is no such thing".to_owned())
    }

    fn related(&self, module: &ModuleRef, _: &CompatibilityId) -> Vec<Content> {
        let related = self.related.lock().unwrap();
        related.get(&module.digest).cloned().unwrap_or_default()
    }
}

struct Nothing;

#[async_trait]
impl Own for Nothing {
    async fn packed(&self, _: &ModuleRef, _: &Key) -> Option<Packed> {
        None
    }
}

/// A context as a slave makes it: it asks its parent, and answers its children from what it got.
pub(super) struct Node {
    pub(super) fetcher: Option<Fetcher>,
    pub(super) relay: Option<Arc<Relay>>,
    pub(super) server: Server,
    pub(super) store: Arc<Store>,
    pub(super) forwarded: Mutex<Vec<ForwardModule>>,
}

impl Node {
    pub(super) fn master(shelf: Arc<Shelf>) -> Arc<Self> {
        Arc::new(Self {
            fetcher: None,
            relay: None,
            server: Server::new(shelf),
            store: Arc::new(Store::new(0)),
            forwarded: Mutex::default(),
        })
    }

    pub(super) fn below(parent: ContextId) -> Arc<Self> {
        let fetcher = Fetcher::new(parent);
        let store = Arc::new(Store::new(64 << 20));
        let relay = Arc::new(Relay::new(
            fetcher.clone(),
            store.clone(),
            Arc::new(Nothing),
        ));
        Arc::new(Self {
            fetcher: Some(fetcher),
            relay: Some(relay.clone()),
            server: Server::new(relay),
            store,
            forwarded: Mutex::default(),
        })
    }

    /// What the context itself wants.
    pub(super) async fn get(
        &self,
        broker: &Broker,
        content: &Content,
    ) -> Result<Arc<Packed>, String> {
        let fetcher = self.fetcher.as_ref().unwrap();
        let whole = timeout(Duration::from_secs(20), fetcher.whole(broker, content));
        whole.await.expect("it has an end")
    }
}

impl Receive for Node {
    fn receive(&self, broker: &Broker, message: Message) {
        match message.handle {
            Handle::GET_MODULE | Handle::GET_RESOURCE => self.server.asked(broker, &message),
            Handle::LOAD_MODULE | Handle::LOAD_RESOURCE => {
                let fetcher = self.fetcher.as_ref().unwrap();
                if let Ok(Some(digest)) = fetcher.loaded(broker, &message) {
                    let (server, broker) = (self.server.clone(), broker.clone());
                    server.offered(&broker, digest);
                }
            }
            Handle::FORWARD_MODULE => {
                let forward: ForwardModule = message.body.decode(broker.limits()).unwrap();
                self.forwarded.lock().unwrap().push(forward.clone());
                let relay = self.relay.clone().unwrap();
                relay.forwarded(&forward);
                let (server, broker) = (self.server.clone(), broker.clone());
                tokio::spawn(async move {
                    let _ = relay.whole(&broker, &forward.content).await;
                    if let Some(next) = broker.towards(forward.target)
                        && broker.is_below(forward.target)
                    {
                        server.push(&broker, next, &forward).await;
                    }
                });
            }
            _ => {}
        }
    }

    fn event(&self, _: &Broker, event: Event) {
        if let Event::Gone { contexts, .. } = event {
            for context in contexts {
                self.server.left(context);
            }
        }
    }
}

/// A master with two relays, one below the other, and two leaves below these.
pub(super) struct Forest {
    pub(super) tree: Tree,
    pub(super) shelf: Arc<Shelf>,
    pub(super) nodes: BTreeMap<ContextId, Arc<Node>>,
    pub(super) relays: [ContextId; 2],
    pub(super) leaves: [ContextId; 2],
}

impl Forest {
    pub(super) async fn new() -> Self {
        let shelf = Arc::new(Shelf::default());
        let master = Node::master(shelf.clone());
        let mut tree = Tree::with(false, |it| it.receive = master.clone());
        let mut nodes = BTreeMap::from([(MASTER, master)]);
        let mut add = async |parent| {
            let node = Node::below(parent);
            let id = tree.add_with(parent, |it| it.receive = node.clone()).await;
            nodes.insert(id, node);
            id
        };
        let upper = add(MASTER).await;
        let lower = add(upper).await;
        let leaves = [add(lower).await, add(lower).await];
        Self {
            tree,
            shelf,
            nodes,
            relays: [upper, lower],
            leaves,
        }
    }

    /// What a context wants that keeps what it gets.
    pub(super) async fn want(&self, at: ContextId, content: &Content) {
        let relay = self.nodes[&at].relay.as_ref().unwrap();
        let whole = timeout(
            Duration::from_secs(20),
            relay.whole(self.tree.broker(at), content),
        );
        whole.await.expect("it has an end").expect("it is there");
    }

    /// Bytes that a context has sent to all its neighbours.
    pub(super) fn sent(&self, at: ContextId) -> u64 {
        let links = self.tree.broker(at).inspect().links;
        links.iter().map(|link| link.sent).sum()
    }

    pub(super) async fn get(
        &self,
        at: ContextId,
        content: &Content,
    ) -> Result<Arc<Packed>, String> {
        self.nodes[&at].get(self.tree.broker(at), content).await
    }
}
