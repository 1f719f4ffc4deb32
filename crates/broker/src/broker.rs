//! The broker of one context: its links, its lock and its time. [`crate::send`] and [`crate::execute`] have the
//! rest of its methods.
//!
//! Lock order: the core, then a queue, an inbox or the events to tell. Nothing is spawned, aborted or called back under either.

use crate::core::{Core, Errand, Port};
use crate::execute::Turn;
use crate::link::Reading;
use crate::queue::SendQueue;
use crate::service::Services;
use crate::telling::Telling;
use crate::{Execute, Receive, link};
use proto::message::Down;
use proto::router::{Config, Input, Role};
use proto::{ContextId, FrameDecoder, Handle, Limits, LinkId};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// What holds for a whole context.
pub struct Settings {
    /// The context's place in its tree.
    pub router: Config,
    /// What its decoders accept.
    pub limits: Limits,
    /// Bodies of at least so many bytes go under zstd if they shrink.
    pub compress_from: Option<u32>,
    /// Executes calls, on the runtime beside it. None: the context takes no calls.
    pub execute: Option<(Arc<dyn Execute>, tokio::runtime::Handle)>,
    /// What this context offers to others beside the functions of guests.
    pub services: Services,
    /// Takes all other messages.
    pub receive: Arc<dyn Receive>,
}

/// A context's broker. Clones are the same broker.
#[derive(Clone)]
pub struct Broker {
    pub(crate) shared: Arc<Shared>,
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the broker of {:?}", self.shared.me)
    }
}

/// A broker that may be gone: for whatever the broker itself holds, such as a service.
#[derive(Clone)]
pub struct WeakBroker {
    shared: Weak<Shared>,
}

impl WeakBroker {
    /// The broker, if anybody else still has it.
    #[must_use]
    pub fn upgrade(&self) -> Option<Broker> {
        self.shared.upgrade().map(|shared| Broker { shared })
    }
}

pub(crate) struct Shared {
    pub(crate) me: ContextId,
    pub(crate) limits: Limits,
    /// Its parent, its parent's parent, up to the master.
    pub(crate) above: Vec<ContextId>,
    /// May contexts send to others that are neither above nor below them?
    pub(crate) siblings: bool,
    pub(crate) compress_from: Option<u32>,
    pub(crate) execute: Option<(Arc<dyn Execute>, tokio::runtime::Handle)>,
    pub(crate) services: Services,
    pub(crate) receive: Arc<dyn Receive>,
    /// Where the links' tasks run, and whatever else serves them.
    pub(crate) io: tokio::runtime::Handle,
    pub(crate) telling: Arc<Telling>,
    core: Mutex<Core>,
    shutdown: watch::Sender<bool>,
    timer_changed: Arc<Notify>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Nobody needs to be woken any more, which the keeper of time must notice.
        self.timer_changed.notify_one();
    }
}

/// A link as its owner sees it.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    down: watch::Receiver<Option<Down>>,
}

impl Link {
    /// Waits until the link is down, and says why.
    pub async fn down(&mut self) -> Down {
        match self.down.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or(Down::ClosedHere),
            Err(_) => Down::ClosedHere,
        }
    }
}

impl Broker {
    /// A broker without links. Must be called inside the tokio runtime that shall do its IO.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let mut router = settings.router;
        // A call that nobody executes would have no outcome.
        router.executes &= settings.execute.is_some();
        let timer_changed = Arc::new(Notify::new());
        let telling = Arc::<Telling>::default();
        let shared = Arc::new(Shared {
            me: router.me,
            above: router.parents.clone(),
            siblings: router.siblings,
            limits: settings.limits,
            compress_from: settings.compress_from,
            execute: settings.execute,
            services: settings.services,
            receive: settings.receive,
            telling: telling.clone(),
            io: tokio::runtime::Handle::current(),
            core: Mutex::new(Core::new(router, telling)),
            shutdown: watch::Sender::new(false),
            timer_changed: timer_changed.clone(),
        });
        tokio::spawn(keep_time(Arc::downgrade(&shared), timer_changed));
        Self { shared }
    }

    /// The same broker, without keeping it.
    #[must_use]
    pub fn downgrade(&self) -> WeakBroker {
        WeakBroker {
            shared: Arc::downgrade(&self.shared),
        }
    }

    /// The context that this broker serves.
    #[must_use]
    pub fn me(&self) -> ContextId {
        self.shared.me
    }

    /// What this context accepts.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.shared.limits
    }

    /// Adds a neighbour. `decoder` may hold what the handshake read ahead. Must be called inside the tokio
    /// runtime that shall do its IO.
    pub fn attach(
        &self,
        peer: ContextId,
        role: Role,
        reader: impl AsyncRead + Send + 'static,
        writer: impl AsyncWrite + Send + 'static,
        decoder: FrameDecoder,
    ) -> Link {
        let queue = Arc::new(SendQueue::new(self.shared.limits.max_body, self.shared.me));
        let (down, watch) = watch::channel(None);
        let reading = Reading::default();
        let port = Port {
            queue: queue.clone(),
            down,
            reading: reading.clone(),
            violations: 0,
        };
        let id = {
            let mut core = self.lock();
            let id = core.new_link();
            core.ports.insert(id, port);
            id
        };
        self.drive(Input::LinkUp {
            link: id,
            peer,
            role,
        });
        self.shared.timer_changed.notify_one();
        let end = || link::End::new(self.clone(), id, watch.clone());
        tokio::spawn(link::write(end(), writer, queue));
        tokio::spawn(link::read(end(), reader, decoder, reading));
        Link { id, down: watch }
    }

    /// Closes a link from this side. What waits to be written is dropped.
    pub fn close(&self, link: LinkId) {
        self.lost(link, Down::ClosedHere);
    }

    /// Is this context below?
    #[must_use]
    pub fn is_below(&self, context: ContextId) -> bool {
        self.lock().router.is_below(context)
    }

    /// Who has started a context below.
    #[must_use]
    pub fn parent_of(&self, context: ContextId) -> Option<ContextId> {
        let core = self.lock();
        let mut routes = core.router.routes();
        routes
            .find(|(below, ..)| *below == context)
            .map(|(_, parent, _)| parent)
    }

    /// The neighbour on the way to another context, if there is a way.
    #[must_use]
    pub fn towards(&self, context: ContextId) -> Option<ContextId> {
        let core = self.lock();
        let link = core.router.towards(context)?;
        core.router.peer(link)
    }

    /// This context leaves the tree. When its parent knows, an [`Event::Detached`](crate::Event::Detached) says so.
    pub fn detach(&self) {
        self.drive(Input::Detach);
    }

    /// Calls of functions that are under way here.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.lock().router.load().functions
    }

    /// Resolves once the parent has asked this context to end, or is gone.
    pub async fn shutdown_requested(&self) {
        let mut watch = self.shared.shutdown.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = watch.wait_for(|wanted| *wanted).await;
    }

    pub(crate) fn drive(&self, input: Input) {
        self.drive_with(input, Turn::Over);
    }

    /// The same. The turn says whether a call may begin on this thread.
    pub(crate) fn drive_with(&self, input: Input, turn: Turn) {
        let mut errands = Vec::new();
        self.lock().drive(now(), input, &mut errands);
        self.run(errands, turn);
    }

    pub(crate) fn lost(&self, link: LinkId, why: Down) {
        let mut errands = Vec::new();
        {
            let mut core = self.lock();
            core.close(link, why.clone());
            core.drive(now(), Input::LinkDown { link, why }, &mut errands);
        }
        self.run(errands, Turn::Over);
    }

    /// Does what is left to do once the lock is released.
    pub(crate) fn run(&self, errands: Vec<Errand>, turn: Turn) {
        for errand in errands {
            match errand {
                Errand::Deliver(message) if message.handle == Handle::END_CHAIN => {
                    self.end_chain(&message);
                }
                Errand::Deliver(message) => self.shared.receive.receive(self, message),
                Errand::Execute {
                    call,
                    from,
                    handle: Handle::CALL_FUNCTION,
                    body,
                } => self.execute(call, from.context, body, turn),
                Errand::Execute {
                    call,
                    from,
                    handle,
                    body,
                } => self.perform(call, from, handle, body),
                Errand::Decline { from, body, why } => self.decline(from, &body, why),
                Errand::Rearm => self.shared.timer_changed.notify_one(),
                Errand::Tell => self.tell_events(),
                Errand::Abort(task) => task.abort(),
                Errand::Report {
                    link,
                    violation,
                    count,
                } => tracing::warn!(link = link.0, count, "dropped a message: {violation}"),
                Errand::Shutdown => {
                    self.shared.shutdown.send_replace(true);
                }
            }
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Core> {
        // Were there a panic under the lock, each message would still find a whole router.
        self.shared
            .core
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the router when it wants to be woken, as long as there is a broker.
async fn keep_time(shared: Weak<Shared>, changed: Arc<Notify>) {
    let broker = || shared.upgrade().map(|shared| Broker { shared });
    loop {
        let Some(next) = broker().map(|broker| broker.lock().router.poll_timeout()) else {
            return;
        };
        // A change since then has left a permit.
        let Some((at, reason)) = next else {
            changed.notified().await;
            continue;
        };
        tokio::select! {
            () = tokio::time::sleep_until(at.into()) => {}
            () = changed.notified() => continue,
        }
        tracing::trace!("woke for the {reason}");
        if let Some(broker) = broker() {
            let mut errands = Vec::new();
            broker.lock().timeout(now(), &mut errands);
            broker.run(errands, Turn::Over);
        }
    }
}

/// The time of tokio, which tests can hold still.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}
