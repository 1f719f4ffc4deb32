//! Contexts to test with: brokers with a scripted executor, alone and in pairs.

use crate::{Broker, Execute, Link, Receive, Services, Settings};
use async_trait::async_trait;
use bytes::Bytes;
use proto::message::{Address, Call, Dead, Export, ModuleRef, Outcome};
use proto::router::{Config, Message, Quotas, Role};
use proto::{
    Body, CallLimits, ContextId, Digest, Flags, Frame, FrameDecoder, Handle, Header, Limits, Policy,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc};

pub(super) const MASTER: ContextId = ContextId::MASTER;
pub(super) const ALICE: ContextId = ContextId(1);
pub(super) const BOB: ContextId = ContextId(2);

pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);
pub(super) const MAX_CALLS: usize = 64;

pub(super) const LIMITS: Limits = Limits { max_body: 1 << 20 };

/// Does what the name of the function says.
#[derive(Default)]
pub(super) struct Guest {
    /// Calls whose future exists.
    pub(super) alive: AtomicUsize,
    /// Calls that were ever begun.
    pub(super) begun: AtomicUsize,
    /// Are all calls expected to end at once?
    pub(super) quick: AtomicBool,
    /// Lets one call of "release" come to its end.
    pub(super) released: Notify,
    /// The thread on which the last call came to its end, if it has a name.
    pub(super) thread: Mutex<Option<String>>,
}

struct Alive<'a>(&'a AtomicUsize);

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Execute for Guest {
    async fn execute(
        &self,
        _broker: &Broker,
        _from: ContextId,
        call: Call,
        arguments: Bytes,
    ) -> Outcome {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.alive.fetch_add(1, Ordering::SeqCst);
        let _alive = Alive(&self.alive);
        let outcome = self.outcome(&call, arguments).await;
        *self.thread.lock().unwrap() = std::thread::current().name().map(str::to_owned);
        outcome
    }

    fn is_quick(&self, _: &Call) -> bool {
        self.quick.load(Ordering::SeqCst)
    }
}

impl Guest {
    async fn outcome(&self, call: &Call, arguments: Bytes) -> Outcome {
        match call.export.function.as_str() {
            "echo" => Outcome::Returned(arguments),
            "yield" => {
                tokio::task::yield_now().await;
                Outcome::Returned(arguments)
            }
            "release" => {
                self.released.notified().await;
                Outcome::Returned(arguments)
            }
            "hang" => std::future::pending().await,
            "panic" => panic!("as it was told"),
            "grow" => Outcome::Returned(vec![0x40; LIMITS.max_body as usize].into()),
            name => Outcome::Trapped(format!("{name} is unknown")),
        }
    }
}

/// Passes messages on to the test.
struct Inbox(mpsc::UnboundedSender<Message>);

impl Receive for Inbox {
    fn receive(&self, _broker: &Broker, message: Message) {
        // A test may have no interest in them.
        let _ = self.0.send(message);
    }
}

/// A context with what a test needs to look into it.
pub(super) struct Context {
    pub(super) broker: Broker,
    pub(super) guest: Arc<Guest>,
    pub(super) inbox: mpsc::UnboundedReceiver<Message>,
}

impl Context {
    pub(super) fn new(me: ContextId) -> Self {
        Self::with(me, |_| {})
    }

    /// A context whose settings are changed before it begins.
    pub(super) fn with(me: ContextId, change: impl FnOnce(&mut Settings)) -> Self {
        let guest = Arc::new(Guest::default());
        let (sender, inbox) = mpsc::unbounded_channel();
        let parents = if me == MASTER { vec![] } else { vec![MASTER] };
        let mut settings = Settings {
            router: Config {
                me,
                executes: me != MASTER,
                parents,
                heartbeat: HEARTBEAT,
                siblings: false,
                quotas: Quotas {
                    calls: MAX_CALLS,
                    ..Quotas::default()
                },
            },
            limits: LIMITS,
            compress_from: None,
            execute: Some((guest.clone(), tokio::runtime::Handle::current())),
            services: Services::default(),
            receive: Arc::new(Inbox(sender)),
        };
        change(&mut settings);
        Self {
            broker: Broker::new(settings),
            guest,
            inbox,
        }
    }

    /// Requests that wait, calls that run and links, as the router has them and as the broker has.
    pub(super) fn load(&self) -> [(usize, usize, usize); 2] {
        let core = self.broker.lock();
        let load = core.router.load();
        let router = (load.requests, load.functions + load.services, load.links);
        let mine = (core.replies.len(), core.calls.len(), core.ports.len());
        [router, mine]
    }

    /// What waits to be written, over all links.
    pub(super) fn queued(&self) -> usize {
        let core = self.broker.lock();
        core.ports.values().map(|port| port.queue.cost()).sum()
    }

    /// Waits until nothing is under way on so many links.
    pub(super) async fn idle(&self, links: usize) {
        let idle = [(0, 0, links); 2];
        until(|| self.load() == idle && self.guest.alive.load(Ordering::SeqCst) == 0).await;
    }

    pub(super) async fn message(&mut self) -> Message {
        let message = tokio::time::timeout(Duration::from_secs(10), self.inbox.recv());
        message
            .await
            .expect("a message comes")
            .expect("there is a broker")
    }
}

/// A master and a slave.
pub(super) struct Pair {
    pub(super) master: Context,
    pub(super) slave: Context,
    /// The master's.
    pub(super) down: Link,
    /// The slave's.
    pub(super) up: Link,
}

impl Pair {
    /// Two contexts at the ends of a socket.
    pub(super) fn new() -> Self {
        Self::of(Context::new(MASTER), Context::new(ALICE))
    }

    pub(super) fn of(master: Context, slave: Context) -> Self {
        let (down, up) = join(&master, &slave);
        Self {
            master,
            slave,
            down,
            up,
        }
    }

    pub(super) async fn call(&self, function: &str, arguments: &[u8]) -> Outcome {
        self.master
            .broker
            .call(ALICE, &call(function), arguments)
            .await
    }

    /// Waits until nothing is under way on either side.
    pub(super) async fn idle(&self) {
        self.master.idle(1).await;
        self.slave.idle(1).await;
    }
}

/// Makes one context the parent of another, and gives the ends of the link.
pub(super) fn join(parent: &Context, child: &Context) -> (Link, Link) {
    let (near, far) = UnixStream::pair().expect("sockets are to be had");
    let (above, me) = (parent.broker.me(), child.broker.me());
    let decoder = || FrameDecoder::new(LIMITS);
    let (reader, writer) = near.into_split();
    let down = parent
        .broker
        .attach(me, Role::Child, reader, writer, decoder());
    let (reader, writer) = far.into_split();
    let up = child
        .broker
        .attach(above, Role::Parent, reader, writer, decoder());
    (down, up)
}

pub(super) fn encode(frame: &Frame) -> Vec<u8> {
    [&frame.encode_header()[..], &frame.body].concat()
}

pub(super) fn frame(
    src: ContextId,
    dst: ContextId,
    handle: Handle,
    reply_to: Handle,
    body: &Body,
) -> Frame {
    let header = Header {
        flags: body.flags(),
        dst,
        src,
        auth: src,
        handle,
        reply_to,
    };
    let body = body.bytes().clone();
    Frame { header, body }
}

pub(super) fn call(function: &str) -> Call {
    Call {
        module: ModuleRef {
            name: "test".to_owned(),
            digest: Digest([0; 32]),
        },
        export: Export {
            interface: None,
            function: function.to_owned(),
        },
        policy: Policy::default(),
        limits: CallLimits::default(),
        chain: None,
        instance: None,
        ticket: None,
        args: Vec::new(),
        stdin: None,
        stdout: None,
    }
}

/// A receiver there that a peer plays.
pub(super) fn to(context: ContextId) -> Address {
    Address {
        context,
        handle: Handle(5000),
    }
}

pub(super) fn raw(bytes: Vec<u8>) -> Body {
    Body::raw(Flags::NONE, bytes.into())
}

/// The reason of an outcome that must be one of the dead.
pub(super) fn dead(outcome: Outcome) -> Dead {
    match outcome {
        Outcome::Dead(dead) => dead,
        other => panic!("{other:?}"),
    }
}

/// Waits until something holds.
pub(super) async fn until(mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .expect("it holds at last");
}
