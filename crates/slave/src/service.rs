//! A slave's life between HELLO and its end.

use crate::context::{Context, Receiver};
use crate::guard::Guard;
use crate::identity::Home;
use crate::logger::Logger;
use crate::parent::{Kept, Parent};
use crate::stdio::Streams;
use crate::streams::Caller;
use async_trait::async_trait;
use broker::content::{Fetcher, Relay, Store};
use broker::{Allow, Broker, Execute, IO_SIZE, Service, Services, Settings};
use bytes::Bytes;
use proto::message::{Call, Hello, Outcome, Welcome};
use proto::router::{Config, Quotas, Role};
use proto::{Body, ContextId, Flags, Frame, FrameDecoder, Handle, Header, LinkId};
use runtime::{Artifacts, Executor, Target};
use std::io;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle as Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use transfer::{Access, Registry};

/// What the first stage's reader looks for: from here on, frames.
const READY: &[u8] = b"ZYMOGEN ready\n";

/// What a slave keeps in memory of what it got, as long as nobody below may want the same, in bytes.
const KEPT: usize = 8 << 20;

/// Blocks of ids that a child may ask for, however deep in the tree: its own, and those of whom it starts.
const DEEP: usize = 32;

/// How often one that has left the tree looks whether it has anything left to do.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) async fn serve(streams: Streams, home: &Home, guests: Runtime) -> io::Result<()> {
    let logger = Logger::install();
    crate::watchdog::watch(streams.input.try_clone()?)?;
    let mut input = broker::stream::reader(streams.input)?;
    let mut output = broker::stream::writer(streams.output)?;
    output.write_all(&hello()?).await?;
    let mut decoder = FrameDecoder::new(crate::handshake_limits());
    let welcome = tokio::time::timeout(crate::WELCOME_DEADLINE, welcome(&mut input, &mut decoder))
        .await
        .map_err(|_| io::Error::other("no WELCOME came"))??;
    let (broker, context) = start(&welcome, home, guests.clone())?;
    // What was read ahead belongs to the link, whose limits are the ones that were just agreed on.
    let mut rest = FrameDecoder::new(crate::limits(&welcome));
    rest.push(decoder.buffer());
    let parent = parent_of(&welcome)?;
    let link = broker.attach(parent, Role::Parent, input, output, rest);
    tokio::spawn(logger.forward(broker.clone()));
    let mut terminated = terminations(&guests)?;
    // A terminal on the way to here was only for a password: it may go, as those who are released outlive it.
    let _hung_up = signal(SignalKind::hangup())?;
    tokio::select! {
        () = broker.shutdown_requested() => {}
        _ = terminated.recv() => {}
        link = context.detached() => tokio::select! {
            () = alone(&broker, link) => {}
            _ = terminated.recv() => {}
        },
    }
    crate::watchdog::arm();
    broker.close(link.id);
    context.children().end(&broker).await;
    Ok(())
}

/// What somebody else than the parent may say. The time to the end runs from then on, even if the thread that awaits it
/// here hangs: the guests' threads hear it, too.
fn terminations(guests: &Runtime) -> io::Result<Signal> {
    let mut heard = {
        let _in = guests.enter();
        signal(SignalKind::terminate())?
    };
    guests.spawn(async move {
        if heard.recv().await.is_some() {
            crate::watchdog::arm();
        }
    });
    signal(SignalKind::terminate())
}

/// A context that has left the tree finishes what is under way.
async fn alone(broker: &Broker, link: LinkId) {
    broker.close(link);
    while broker.calls() > 0 {
        tokio::time::sleep(LOOK).await;
    }
}

fn start(welcome: &Welcome, home: &Home, guests: Runtime) -> io::Result<(Broker, Arc<Context>)> {
    let compatibility = runtime::compatibility(&Target::native());
    let artifacts = home.artifacts.as_ref().filter(|_| welcome.cache);
    let artifacts = artifacts.and_then(|directory| {
        Artifacts::open(directory)
            .inspect_err(|error| tracing::warn!("artifacts are not kept: {error}"))
            .ok()
    });
    let fetcher = Fetcher::new(parent_of(welcome)?);
    let store = Arc::new(Store::new(KEPT));
    let kept = Arc::new(Kept {
        artifacts: artifacts.clone(),
    });
    let relay = Arc::new(Relay::new(fetcher.clone(), store.clone(), kept));
    let parent = Arc::new(Parent::new(compatibility.clone(), relay.clone()));
    let guard = Arc::new(Guard::new()?);
    let executor = Executor::new(compatibility, artifacts, parent.clone())?.guarded(guard.clone());
    let executor = Arc::new(executor);
    let context = Context::new(fetcher, relay, store, welcome.clone(), guard);
    context.executes(executor.clone());
    let context = Arc::new(context);
    let services = Services::default();
    let broker = Broker::new(Settings {
        router: Config {
            me: welcome.context,
            parents: welcome.parents.clone(),
            executes: true,
            heartbeat: Duration::from_millis(welcome.heartbeat_ms),
            siblings: welcome.siblings,
            quotas: quotas(welcome.parents.len()),
        },
        limits: crate::limits(welcome),
        compress_from: welcome.compress_from,
        execute: Some((Arc::new(Calls(executor)), guests)),
        services: services.clone(),
        receive: Arc::new(Receiver(context.clone())),
    });
    parent.connect(broker.clone());
    let served = broker.clone();
    services.register_sleeping(transfer::NAME, move || files(&served));
    Ok((broker, context))
}

/// What contexts below may use up. Of ids a hop gives each of its children half of what it may have itself, so that none of
/// them can use up the share of all; but as many as a deep tree needs.
fn quotas(depth: usize) -> Quotas {
    let quotas = Quotas::default();
    let shift = u32::try_from(depth).unwrap_or(u32::MAX);
    let blocks = quotas.blocks.checked_shr(shift).unwrap_or(0);
    let blocks = blocks.max(DEEP);
    Quotas { blocks, ..quotas }
}

/// Whoever is above may read and write all files that this process may.
fn files(broker: &Broker) -> Service {
    let mut registry = Registry::new();
    for access in [Access::Read, Access::Write] {
        if let Err(error) = registry.offer_prefix("/", access) {
            tracing::warn!("no files can be transferred: {error}");
        }
    }
    transfer::service(broker, &Arc::new(RwLock::new(registry)), &Allow::Parents)
}

fn parent_of(welcome: &Welcome) -> io::Result<ContextId> {
    let parent = welcome.parents.first().copied();
    parent.ok_or_else(|| io::Error::other("the WELCOME names no parent"))
}

/// The marker and the HELLO frame.
fn hello() -> io::Result<Vec<u8>> {
    let uname = rustix::system::uname();
    let target = Target::native();
    let hello = Hello {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: target.to_string(),
        compatibility: runtime::compatibility(&target),
        pid: std::process::id(),
        hostname: uname.nodename().to_string_lossy().into_owned(),
    };
    let body = Body::new(&hello).map_err(io::Error::other)?;
    let frame = Frame {
        header: Header {
            flags: Flags::NONE,
            dst: ContextId::MASTER,
            src: ContextId::UNASSIGNED,
            auth: ContextId::UNASSIGNED,
            handle: Handle::HELLO,
            reply_to: Handle::NONE,
        },
        body: body.bytes().clone(),
    };
    let mut bytes = READY.to_vec();
    bytes.extend_from_slice(&frame.encode_header());
    bytes.extend_from_slice(&frame.body);
    Ok(bytes)
}

async fn welcome(
    input: &mut (impl AsyncRead + Unpin),
    decoder: &mut FrameDecoder,
) -> io::Result<Welcome> {
    loop {
        if let Some(frame) = decoder.next_frame().map_err(io::Error::other)? {
            if frame.header.handle != Handle::HELLO {
                return Err(io::Error::other("the first frame is no WELCOME"));
            }
            let body = Body::raw(frame.header.flags, frame.body);
            return body
                .decode(crate::handshake_limits())
                .map_err(io::Error::other);
        }
        let buffer = decoder.buffer();
        buffer.reserve(IO_SIZE);
        if input.read_buf(buffer).await? == 0 {
            return Err(io::Error::other("the parent is gone"));
        }
    }
}

/// The runtime's executor as the broker sees it.
struct Calls(Arc<Executor>);

#[async_trait]
impl Execute for Calls {
    async fn execute(
        &self,
        broker: &Broker,
        from: ContextId,
        call: Call,
        arguments: Bytes,
    ) -> Outcome {
        let caller = Caller {
            broker: broker.clone(),
            context: from,
        };
        self.0.execute(call, arguments, Arc::new(caller)).await
    }

    fn is_quick(&self, call: &Call) -> bool {
        self.0.is_quick(call)
    }
}
