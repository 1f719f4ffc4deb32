//! This slave as a context among others: what comes from above and from below, and what it does about it.

use crate::children::Children;
use crate::guard::Guard;
use crate::image::Images;
use async_trait::async_trait;
use broker::content::{Contents, Fetcher, Relay, Server, Store};
use broker::{Broker, Caller, Event, Receive};
use proto::message::{
    Content, Dead, DeadReason, ForwardModule, LaunchChild, Launched, ModuleRef, Welcome,
};
use proto::router::Message;
use proto::{Body, ContextId, Handle, LinkId};
use runtime::Executor;
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

/// What a slave keeps in memory of what it got, once it has children that may want the same, in bytes.
const RELAYED: usize = 64 << 20;

/// The parts of a context that messages reach.
pub(crate) struct Context {
    fetcher: Fetcher,
    relay: Arc<Relay>,
    store: Arc<Store>,
    server: Server,
    children: Children,
    executor: OnceLock<Arc<Executor>>,
    detached: watch::Sender<Option<LinkId>>,
}

impl Context {
    pub(crate) fn new(
        fetcher: Fetcher,
        relay: Arc<Relay>,
        store: Arc<Store>,
        mine: Welcome,
        guard: Arc<Guard>,
    ) -> Self {
        Self {
            fetcher,
            server: Server::new(relay.clone()),
            relay,
            store,
            children: Children::new(mine, guard),
            executor: OnceLock::new(),
            detached: watch::Sender::new(None),
        }
    }

    /// From now on it can load modules before they are called.
    pub(crate) fn executes(&self, executor: Arc<Executor>) {
        // A slave has one executor in its life.
        let _ = self.executor.set(executor);
    }

    pub(crate) fn children(&self) -> &Children {
        &self.children
    }

    /// Resolves once the parent knows that this context has left the tree, with the link to it.
    pub(crate) async fn detached(&self) -> LinkId {
        let mut detached = self.detached.subscribe();
        loop {
            if let Some(link) = *detached.borrow_and_update() {
                return link;
            }
            // The sender lives in `self`, so waiting cannot fail.
            let _ = detached.changed().await;
        }
    }

    /// The parent answers, or offers what it did not have before.
    fn loaded(self: &Arc<Self>, broker: &Broker, message: &Message) {
        match self.fetcher.loaded(broker, message) {
            Ok(None) => {}
            // At once: what comes behind it over the same link may be the call that needs it.
            Ok(Some(digest)) => self.server.offered(broker, digest),
            Err(why) => tracing::debug!("dropped a load of {:?}: {why}", message.src),
        }
    }

    /// FORWARD_MODULE: get it, and tell the next one on the way.
    async fn forward(self: Arc<Self>, broker: Broker, forward: ForwardModule) {
        let ForwardModule {
            target, content, ..
        } = &forward;
        let target = *target;
        if target == broker.me() {
            self.load(&broker, content).await;
        } else if let Some(next) = broker.towards(target).filter(|_| broker.is_below(target)) {
            // If it cannot be had here, it cannot be had there either, which is for whoever asks there to learn.
            let _ = self.relay.find(&broker, content).await;
            self.server.push(&broker, next, &forward).await;
        }
    }

    async fn load(&self, broker: &Broker, content: &Content) {
        let loaded = match (content, self.executor.get()) {
            (Content::Module { module, .. }, Some(executor)) => executor.load(module).await,
            _ => self.relay.find(broker, content).await.map(drop),
        };
        if let Err(why) = loaded {
            tracing::debug!("what was pushed did not come: {why}");
        }
    }

    async fn launch(&self, broker: &Broker, body: &Body) -> Result<Body, Dead> {
        let request: LaunchChild = body
            .decode(broker.limits())
            .map_err(|error| malformed(broker, &error))?;
        let images = Images {
            known: request.images.clone(),
            relay: self.relay.clone(),
            broker: broker.clone(),
        };
        // From now on somebody below may want what this context gets.
        self.store.set_bound(RELAYED);
        let launched = self.children.launch(broker, request, images).await;
        let launched = launched.unwrap_or_else(Launched::Failed);
        Body::new(&launched).map_err(|error| malformed(broker, &error))
    }

    fn inspect(&self, broker: &Broker) -> Result<Body, Dead> {
        let mut inspection = broker.inspect();
        inspection.pid = std::process::id();
        // The question itself is no work.
        inspection.services = inspection.services.saturating_sub(1);
        inspection.resident = runtime::resident();
        inspection.modules = self.modules();
        Body::new(&inspection).map_err(|error| malformed(broker, &error))
    }

    fn modules(&self) -> Vec<ModuleRef> {
        self.executor
            .get()
            .map_or_else(Vec::new, |executor| executor.modules())
    }
}

/// A context as its broker sees it.
pub(crate) struct Receiver(pub(crate) Arc<Context>);

#[async_trait]
impl Receive for Receiver {
    fn receive(&self, broker: &Broker, message: Message) {
        let context = &self.0;
        match message.handle {
            Handle::LOAD_MODULE | Handle::LOAD_RESOURCE => context.loaded(broker, &message),
            Handle::GET_MODULE | Handle::GET_RESOURCE => context.server.asked(broker, &message),
            Handle::FORWARD_MODULE => match message.body.decode(broker.limits()) {
                Ok(forward) => {
                    context.relay.forwarded(&forward);
                    tokio::spawn(context.clone().forward(broker.clone(), forward));
                }
                Err(error) => tracing::warn!("dropped a message from {:?}: {error}", message.src),
            },
            Handle::DETACHING => {
                crate::watchdog::call_off();
                crate::identity::outlive_parent();
                broker.detach();
            }
            handle => {
                let src = message.src;
                tracing::warn!("{src:?} sent to {handle:?}, which a slave does not take");
            }
        }
    }

    fn event(&self, _broker: &Broker, event: Event) {
        let context = &self.0;
        match event {
            Event::Joined { .. } => {}
            Event::Gone { contexts, .. } => {
                for gone in contexts {
                    context.server.left(gone);
                    context.children.left(gone);
                }
            }
            Event::Detaching { context: child } => context.children.release(child),
            Event::Detached { link } => {
                context.detached.send_replace(Some(link));
            }
        }
    }

    async fn perform(
        &self,
        broker: &Broker,
        _caller: Caller,
        handle: Handle,
        body: Body,
    ) -> Result<Body, Dead> {
        match handle {
            Handle::LAUNCH => self.0.launch(broker, &body).await,
            Handle::INSPECT => self.0.inspect(broker),
            _ => Err(Dead {
                reason: DeadReason::InvalidHandle,
                at: broker.me(),
            }),
        }
    }
}

fn malformed(broker: &Broker, error: &proto::BodyError) -> Dead {
    Dead {
        reason: DeadReason::Malformed(error.to_string()),
        at: broker.me(),
    }
}

/// The contexts above, as a child of this one has them.
pub(crate) fn parents_of_children(me: ContextId, parents: &[ContextId]) -> Vec<ContextId> {
    std::iter::once(me).chain(parents.iter().copied()).collect()
}
