//! The root of the tree: starts contexts, ships modules to them, calls functions in them.
//!
//! ```no_run
//! # async fn example(master: host::master::Master) -> Result<(), Box<dyn std::error::Error>> {
//! let context = master.connect(&"local".parse()?).await?;
//! let module = master.repository().find("./calculator.wasm")?;
//! let sum: i32 = context.invoke(&module, "add", &(1, 2)).await?;
//! # Ok(())
//! # }
//! ```

mod call;
mod chain;
mod context;
mod guests;
mod instance;
mod library;
mod log;
mod program;
mod reach;
mod receive;
mod sources;
mod start;
mod streams;
mod survey;
mod tree;
mod ways;

pub use broker::{Allow, Caller, Failed, Service, Services};
pub use call::{CallError, CallOptions, CallResult};
pub use chain::CallChain;
pub use context::Context;
pub use guests::channels::{Channels, TooManyChannels};
pub use guests::places::PlaceError;
pub use instance::Instance;
pub use log::{LogSink, TracingLog};
pub use program::Program;
pub use reach::Reached;
pub use sources::{Source, SourceError, Sources};
pub use streams::{Feed, Incoming, Piece, Streaming};
pub use survey::Surveyed;
pub use transfer::Wanted;
pub use tree::TreeEvent;

use crate::build::Images;
use crate::connect::{ContextSpec, Means, Step, Vault};
use crate::module::{Module, Repository};
use broker::content::Server;
use broker::{Broker, Settings};
use connect::{ConnectError, Phase};
use context::Shared;
use guests::Guests;
use library::Library;
use proto::message::{Address, Dead, Inspection};
use proto::router::{Accept, Config, Quotas};
use proto::{ContextId, Limits};
use receive::Receiver;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tree::Tree;
use ways::Ways;

/// A context on which nothing was heard for so long is dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a bootstrap may take.
const CONNECT_DEADLINE: Duration = Duration::from_secs(30);

/// How a master behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Do slaves keep their image and artifacts for the next time?
    pub cache: bool,
    /// A context on which nothing was heard for so long is dead.
    pub heartbeat: Duration,
    /// How long a bootstrap may take, without what it takes to build an image.
    pub connect_deadline: Duration,
    /// The passwords that were asked for already.
    pub vault: Arc<Vault>,
    /// May contexts send to others that are neither above nor below them?
    pub siblings: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache: true,
            heartbeat: HEARTBEAT,
            connect_deadline: CONNECT_DEADLINE,
            vault: Arc::default(),
            siblings: false,
        }
    }
}

/// The master of a tree of contexts.
pub struct Master {
    shared: Shared,
    means: Means,
    ways: Ways,
    options: Options,
    services: Services,
    files: transfer::Shared,
}

impl Master {
    /// A master without contexts. Must be called inside a tokio runtime.
    #[must_use]
    pub fn new(
        repository: Arc<Repository>,
        images: Arc<Images>,
        log: Arc<dyn LogSink>,
        options: Options,
    ) -> Self {
        let library = Arc::new(Library::new(repository));
        let server = Server::new(library.clone());
        let tree = Arc::new(Tree::default());
        let services = Services::default();
        let broker = Broker::new(Settings {
            router: Config {
                me: ContextId::MASTER,
                parents: Vec::new(),
                executes: false,
                heartbeat: options.heartbeat,
                siblings: options.siblings,
                quotas: Quotas::default(),
            },
            limits: Limits::default(),
            compress_from: None,
            execute: None,
            services: services.clone(),
            receive: Arc::new(Receiver {
                library: library.clone(),
                server: server.clone(),
                tree: tree.clone(),
                log,
            }),
        });
        // Nothing is offered until the program says so.
        let files = transfer::Shared::default();
        services.register(transfer::service(&broker, &files, &Allow::Anyone));
        let shared = Shared {
            broker,
            library,
            server,
            tree,
            guests: Arc::new(Guests::new(services.clone())),
        };
        services.register(guests::service(&shared));
        Self {
            shared,
            means: Means {
                images,
                vault: options.vault.clone(),
                cache: options.cache,
                deadline: options.connect_deadline,
            },
            ways: Ways::default(),
            options,
            services,
            files,
        }
    }

    /// Starts a context and waits until it is ready for calls. Where there are several hops, each context on the way
    /// starts the next one, and lives as long as it; contexts whose ways begin with the same steps share them.
    ///
    /// # Errors
    /// Which hop and which phase of the bootstrap failed, and why.
    pub async fn connect(&self, spec: &ContextSpec) -> Result<Context, ConnectError> {
        self.means.vault.note(spec);
        // There is at least one.
        let Some((last, way)) = spec.steps().split_last() else {
            return Err(failed(spec, "it has no hops"));
        };
        let mut before = None;
        for (at, step) in way.iter().enumerate() {
            before = Some(self.way(&way[..=at], step, before).await?);
        }
        self.step(last, before.as_ref()).await
    }

    /// The same, where another context starts the first of them. Nothing is shared.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_via(
        &self,
        via: &Arc<Context>,
        spec: &ContextSpec,
    ) -> Result<Context, ConnectError> {
        self.means.vault.note(spec);
        let Some((last, way)) = spec.steps().split_last() else {
            return Err(failed(spec, "it has no hops"));
        };
        let mut before = via.clone();
        for step in way {
            before = Arc::new(self.start_via(&before, step).await?);
        }
        self.start_via(&before, last).await
    }

    async fn step(
        &self,
        step: &Step,
        before: Option<&Arc<Context>>,
    ) -> Result<Context, ConnectError> {
        match before {
            None => self.start_child(step).await,
            Some(via) => self.start_via(via, step).await,
        }
    }

    /// What happens to contexts from now on. Whoever falls far behind misses something, and is told so.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<TreeEvent> {
        self.shared.tree.events()
    }

    /// Each context below with the one that started it, in the order of their ids.
    #[must_use]
    pub fn contexts(&self) -> Vec<(ContextId, ContextId)> {
        self.shared.tree.members()
    }

    /// The master's own state: its links, what it awaits.
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        self.shared.broker.inspect()
    }

    /// What contexts may call in this program.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// What contexts may read and write of this machine's files through the file service: nothing, until something is
    /// offered here.
    #[must_use]
    pub fn files(&self) -> &transfer::Shared {
        &self.files
    }

    /// The channels of guests, in which this program can send and receive, too.
    #[must_use]
    pub fn channels(&self) -> &Channels {
        self.shared.guests.channels()
    }

    /// A receiver in this program, to whose address contexts can send.
    #[must_use]
    pub fn receiver(&self, accept: Accept, window: u64) -> broker::Receiver {
        self.shared.broker.receiver(accept, window)
    }

    /// A sender of messages to a receiver elsewhere.
    ///
    /// # Errors
    /// If no way leads to its context.
    pub fn sender(&self, to: Address) -> Result<broker::Sender, Dead> {
        self.shared.broker.sender(to)
    }

    /// A sender of bytes to a receiver elsewhere.
    ///
    /// # Errors
    /// If no way leads to its context.
    pub fn byte_sender(&self, to: Address) -> Result<broker::ByteSender, Dead> {
        self.shared.broker.byte_sender(to)
    }

    /// Says which modules are used together: a context that asks for the first is told to ask for the others.
    pub fn relate(&self, module: &Arc<Module>, others: &[Arc<Module>]) {
        for other in others {
            self.shared.library.offer(other);
        }
        let others = others.iter().map(|other| other.reference.clone());
        self.shared
            .library
            .relate(&module.reference, others.collect());
    }

    /// The modules that this master can ship.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        self.shared.library.repository()
    }

    /// The same, to be held.
    #[must_use]
    pub fn repository_handle(&self) -> Arc<Repository> {
        self.shared.library.repository().clone()
    }

    /// The files of this machine that tasks may install elsewhere.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        self.shared.library.sources()
    }
}

fn failed(spec: &ContextSpec, why: &str) -> ConnectError {
    ConnectError {
        hop: spec.to_string(),
        phase: Phase::Spawn,
        cause: Box::new(connect::Cause::Protocol(why.to_owned())),
        said: Vec::new(),
        hint: None,
    }
}
