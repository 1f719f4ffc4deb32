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

mod asked;
mod context;
mod library;
mod receive;
mod sources;

pub use context::{CallError, CallResult, Context};
pub use sources::{Source, SourceError, Sources};

use crate::build::Images;
use crate::connect::ContextSpec;
use crate::module::Repository;
use broker::{Broker, Settings};
use connect::{ConnectError, Started};
use library::Library;
use proto::message::{LogRecord, Welcome};
use proto::router::{Config, Role};
use proto::{ContextId, Limits};
use receive::Receiver;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A context on which nothing was heard for so long is dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a bootstrap may take.
const CONNECT_DEADLINE: Duration = Duration::from_secs(30);

/// Takes the log records of slaves and of their guests.
pub trait LogSink: Send + Sync {
    /// One record from a context. Called in the order in which they came; what blocks slows that context.
    fn record(&self, context: &str, record: &LogRecord);
}

/// How a master behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Do slaves keep their image and artifacts for the next time?
    pub cache: bool,
    /// A context on which nothing was heard for so long is dead.
    pub heartbeat: Duration,
    /// How long a bootstrap may take.
    pub connect_deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache: true,
            heartbeat: HEARTBEAT,
            connect_deadline: CONNECT_DEADLINE,
        }
    }
}

/// The master of a tree of contexts.
pub struct Master {
    broker: Broker,
    library: Arc<Library>,
    images: Arc<Images>,
    options: Options,
    last_context: AtomicU32,
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
        let broker = Broker::new(Settings {
            router: Config {
                me: ContextId::MASTER,
                parents: Vec::new(),
                executes: false,
                heartbeat: options.heartbeat,
                max_calls: 0,
            },
            limits: Limits::default(),
            compress_from: None,
            execute: None,
            receive: Arc::new(Receiver::new(library.clone(), log)),
        });
        Self {
            broker,
            library,
            images,
            options,
            last_context: AtomicU32::new(0),
        }
    }

    /// Starts a context and waits until it is ready for calls.
    ///
    /// # Errors
    /// Which phase of the bootstrap failed, and why.
    pub async fn connect(&self, spec: &ContextSpec) -> Result<Context, ConnectError> {
        let id = ContextId(self.last_context.fetch_add(1, Ordering::Relaxed) + 1);
        let deadline = self.options.connect_deadline;
        let started =
            crate::connect::start(spec, &self.images, self.options.cache, deadline).await?;
        self.welcome(id, spec, started).await
    }

    async fn welcome(
        &self,
        id: ContextId,
        spec: &ContextSpec,
        mut started: Started,
    ) -> Result<Context, ConnectError> {
        let heartbeat_ms = u64::try_from(self.options.heartbeat.as_millis()).unwrap_or(u64::MAX);
        let welcome = Welcome {
            context: id,
            parents: vec![ContextId::MASTER],
            max_body: self.broker.limits().max_body,
            heartbeat_ms,
            compress_from: None,
            cache: self.options.cache,
        };
        let mine = runtime::compatibility(&started.hello.target);
        if started.hello.compatibility != mine {
            return Err(started.incompatible(&mine).await);
        }
        started.welcome(&welcome).await?;
        let parts = started.into_parts();
        self.library
            .arrived(id, spec.to_string(), parts.hello.clone());
        // The limits of the handshake end here; what was read ahead goes on under the link's.
        let mut decoder = proto::FrameDecoder::new(self.broker.limits());
        let mut handshake = parts.decoder;
        decoder.push(handshake.buffer());
        let link = self
            .broker
            .attach(id, Role::Child, parts.reader, parts.writer, decoder);
        Ok(Context::new(
            id,
            spec.to_string(),
            parts.hello,
            self.broker.clone(),
            self.library.clone(),
            link,
            parts.process,
        ))
    }

    /// The modules that this master can ship.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        self.library.repository()
    }

    /// The files of this machine that tasks may install elsewhere.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        self.library.sources()
    }
}
