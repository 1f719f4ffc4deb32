//! A context as the program sees it: where it is, how it is, how it ends.

use super::guests::Guests;
use super::library::Library;
use super::tree::Tree;
use broker::content::Server;
use broker::{Broker, Link, ServiceError};
use connect::{Process, Times};
use proto::message::{
    Content, Dead, DeadReason, Down, ForwardModule, Hello, Inspection, ModuleRef,
};
use proto::{Body, ContextId, Handle, Limits};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a slave may take to end by itself before it is killed.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// Launches that a context is asked for at once; it takes 64 calls of that kind. The others wait.
const LAUNCHES: usize = 32;

/// The longest answer to that question, in bytes.
const INSPECTION: Limits = Limits { max_body: 4 << 20 };

/// How long a context may take to say how it is.
const INSPECT_PATIENCE: Duration = Duration::from_secs(5);

/// A context that was started. Dropping it ends it in the background; [`shutdown`](Self::shutdown) is kinder.
pub struct Context {
    pub(super) id: ContextId,
    pub(super) name: String,
    pub(super) hello: Hello,
    /// How long its start took, and the bytes of the image that were sent for it.
    pub(super) times: Times,
    pub(super) sent: Option<u64>,
    pub(super) shared: Shared,
    /// Turns of the launches that it is asked for at once.
    pub(super) launches: Arc<Semaphore>,
    /// None once it has ended, or goes on alone.
    way: Mutex<Option<Way>>,
}

/// What is known of a context from its start.
pub(super) struct Born {
    pub(super) hello: Hello,
    pub(super) times: Times,
    pub(super) sent: Option<u64>,
}

/// What the contexts of one master share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) broker: Broker,
    pub(super) library: Arc<Library>,
    pub(super) server: Server,
    pub(super) tree: Arc<Tree>,
    pub(super) guests: Arc<Guests>,
}

/// How it is reached.
pub(super) enum Way {
    /// This process has started it.
    Child { link: Link, process: Process },
    /// Another context has started it, and lives at least as long.
    Via(Arc<Context>),
}

impl Context {
    pub(super) fn new(id: ContextId, name: String, born: Born, shared: Shared, way: Way) -> Self {
        let Born { hello, times, sent } = born;
        Self {
            id,
            name,
            hello,
            times,
            sent,
            shared,
            launches: Arc::new(Semaphore::new(LAUNCHES)),
            way: Mutex::new(Some(way)),
        }
    }

    /// Its id in the tree.
    #[must_use]
    pub fn id(&self) -> ContextId {
        self.id
    }

    /// What people call it: how it was reached.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it introduced itself.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Is there a way to it?
    pub(super) fn is_there(&self) -> bool {
        self.shared.broker.is_below(self.id)
    }

    /// Waits until the context is gone, and says why.
    pub async fn gone(&self) -> Dead {
        let unknown = || Dead {
            reason: DeadReason::LinkDown(Down::Closed),
            at: ContextId::MASTER,
        };
        let mut gone = loop {
            if let Some(gone) = self.shared.tree.watch(self.id) {
                break gone;
            }
            // The router knows that it has come before everybody has been told.
            if !self.shared.broker.is_below(self.id) {
                return unknown();
            }
            tokio::task::yield_now().await;
        };
        match gone.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_else(unknown),
            Err(_) => unknown(),
        }
    }

    /// Asks it how it is: links, routes, calls under way, modules.
    ///
    /// # Errors
    /// If it does not answer within 5 s, or is gone.
    pub async fn inspect(&self) -> Result<Inspection, Dead> {
        inspect(&self.shared.broker, self.id).await
    }

    /// Calls a method of a service that the context runs. Dropping the future cancels the call there.
    ///
    /// # Errors
    /// If it has no value to return, or the value is not of the type that the caller takes.
    pub async fn call_service<R: DeserializeOwned>(
        &self,
        service: &str,
        method: &str,
        arguments: &impl Serialize,
    ) -> Result<R, ServiceError> {
        let broker = &self.shared.broker;
        broker
            .call_service(self.id, service, method, arguments)
            .await
    }

    /// The files that the context can read and write, to send some there and to fetch some from there.
    #[must_use]
    pub fn files(&self) -> transfer::Client {
        transfer::Client::new(self.shared.broker.clone(), self.id)
    }

    /// Sends a module on its way before it is called, through all contexts between here and there, each of which
    /// keeps it for whoever wants it next. Returns when it has set out.
    pub async fn preload(&self, module: &Arc<crate::module::Module>) {
        self.shared.offer(module).await;
        let content = Content::Module {
            module: module.reference.clone(),
            compatibility: self.hello.compatibility.clone(),
        };
        self.push(content).await;
    }

    /// The same for a file that was offered with [`Sources::offer`](super::Sources::offer). Contexts on the way keep
    /// files of up to 8 MiB.
    pub async fn preload_source(&self, source: &super::Source) {
        self.shared.offer_sources().await;
        self.push(Content::Resource(source.digest)).await;
    }

    async fn push(&self, content: Content) {
        let Shared { broker, server, .. } = &self.shared;
        if let Some(next) = broker.towards(self.id) {
            let forward = ForwardModule {
                target: self.id,
                content,
                with: None,
            };
            server.push(broker, next, &forward).await;
        }
    }

    /// Closes the way to the context at once, without a word. It notices, and ends with all below it; whoever waits for
    /// something there learns that the way is gone. A context that another has started is told to end instead. Must be
    /// called inside a tokio runtime.
    pub fn disconnect(self) {
        let way = self.way().take();
        match way {
            Some(Way::Child { link, process }) => {
                self.shared.broker.close(link.id);
                // In the background, as when it is dropped, but with the time that it may take.
                tokio::spawn(process.end(SHUTDOWN_GRACE));
            }
            // Put back, so that dropping it tells the context.
            via => *self.way() = via,
        }
    }

    /// Tells the context to leave the tree: it finishes the calls that it has, lives on without its parent until then,
    /// and ends. Their outcomes are lost. Contexts that were only on the way to it end. Returns when it has left; it has no
    /// deadline of its own.
    ///
    /// Whoever waits for one of those calls still holds on to the context, so that this only borrows it.
    pub async fn detach(&self) -> Dead {
        // The parent learns it before the link goes, and leaves the process alone.
        let told = self
            .shared
            .broker
            .post(self.id, Handle::DETACHING, Body::empty());
        let _ = told.await;
        let why = self.gone().await;
        let way = self.way().take();
        if let Some(Way::Child { process, .. }) = way {
            process.release();
        }
        why
    }

    /// Ends the context, and with it those below, and waits for its process if this program started it, else until it has
    /// left the tree, 3 s at most. Contexts that were only on the way to it end, too.
    pub async fn shutdown(self) {
        let mut last = Some(self);
        while let Some(context) = last {
            last = context.end().await;
        }
    }

    /// Ends it. Gives the one that has started it, if nobody else needs that any more.
    async fn end(self) -> Option<Self> {
        self.shared.tree.ends(self.id);
        let asked = async {
            // If the way is gone already, so is the context.
            let shutdown = self
                .shared
                .broker
                .post(self.id, Handle::SHUTDOWN, Body::empty());
            let _ = shutdown.await;
            self.gone().await
        };
        // A peer that does not read is not even asked.
        let _ = tokio::time::timeout(SHUTDOWN_GRACE, asked).await;
        let way = self.way().take();
        match way? {
            Way::Child { link, process } => {
                self.shared.broker.close(link.id);
                process.end(SHUTDOWN_GRACE).await;
                None
            }
            Way::Via(context) => Arc::into_inner(context),
        }
    }

    fn way(&self) -> MutexGuard<'_, Option<Way>> {
        // Nothing panics while it is held.
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks a context how it is.
pub(super) async fn inspect(broker: &Broker, context: ContextId) -> Result<Inspection, Dead> {
    let answer = broker.request(context, Handle::INSPECT, Body::empty());
    let dead = |reason| Dead {
        reason,
        at: ContextId::MASTER,
    };
    let silent = u64::try_from(INSPECT_PATIENCE.as_millis()).unwrap_or(u64::MAX);
    let body = tokio::time::timeout(INSPECT_PATIENCE, answer)
        .await
        .unwrap_or_else(|_| Err(dead(DeadReason::LinkDown(Down::Silent(silent)))))?;
    body.decode(INSPECTION)
        .map_err(|error| dead(DeadReason::Malformed(error.to_string())))
}

impl Drop for Context {
    fn drop(&mut self) {
        let way = self.way().take();
        match way {
            // The end of its stream tells a child, and its process ends, if need be otherwise, with the handle on it.
            Some(Way::Child { link, .. }) => self.shared.broker.close(link.id),
            // Whoever started any other one must be told.
            Some(Way::Via(_)) => {
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    let (broker, id) = (self.shared.broker.clone(), self.id);
                    let shutdown =
                        async move { broker.post(id, Handle::SHUTDOWN, Body::empty()).await };
                    runtime.spawn(shutdown);
                }
            }
            None => {}
        }
    }
}

impl Shared {
    /// Contexts may ask for this module from now on, also those that were told that there is none.
    pub(super) async fn offer(&self, module: &Arc<crate::module::Module>) {
        self.offer_sources().await;
        if self.library.offer(module) {
            let ModuleRef { digest, .. } = module.reference;
            self.server.offered(&self.broker, digest);
        }
    }

    /// The same for the files that were offered since this was last called.
    pub(super) async fn offer_sources(&self) {
        for digest in self.library.sources().news() {
            self.server.offered(&self.broker, digest);
        }
    }
}
