//! A slave's life between HELLO and its end.

use crate::guard::Guard;
use crate::identity::Home;
use crate::logger::Logger;
use crate::parent::Parent;
use crate::stdio::Streams;
use async_trait::async_trait;
use broker::{Broker, Execute, IO_SIZE, Settings};
use bytes::Bytes;
use proto::message::{Call, Hello, Outcome, Welcome};
use proto::router::{Config, Role};
use proto::{Body, ContextId, Flags, Frame, FrameDecoder, Handle, Header};
use runtime::{Artifacts, Executor};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle as Runtime;

/// What the first stage's reader looks for: from here on, frames.
const READY: &[u8] = b"ZYMOGEN ready\n";

/// Calls that may be under way at once.
const MAX_CALLS: usize = 256;

/// The architecture decides what machine code runs; the C library is this binary's own.
const TARGET: &str = if cfg!(target_arch = "aarch64") {
    "aarch64-unknown-linux-musl"
} else {
    "x86_64-unknown-linux-musl"
};

pub(crate) async fn serve(streams: Streams, home: &Home, guests: Runtime) -> io::Result<()> {
    let logger = Logger::install();
    let mut input = broker::stream::reader(streams.input)?;
    let mut output = broker::stream::writer(streams.output)?;
    output.write_all(&hello()?).await?;
    let mut decoder = FrameDecoder::new(crate::handshake_limits());
    let welcome = tokio::time::timeout(crate::WELCOME_DEADLINE, welcome(&mut input, &mut decoder))
        .await
        .map_err(|_| io::Error::other("no WELCOME came"))??;
    let (broker, _parent) = start(&welcome, home, guests)?;
    // What was read ahead belongs to the link, whose limits are the ones that were just agreed on.
    let mut rest = FrameDecoder::new(crate::limits(&welcome));
    rest.push(decoder.buffer());
    let parent = parent_of(&welcome)?;
    let link = broker.attach(parent, Role::Parent, input, output, rest);
    tokio::spawn(logger.forward(broker.clone()));
    broker.shutdown_requested().await;
    broker.close(link.id);
    Ok(())
}

fn start(welcome: &Welcome, home: &Home, guests: Runtime) -> io::Result<(Broker, Arc<Parent>)> {
    let compatibility = runtime::compatibility(TARGET);
    let parent = Arc::new(Parent::new(parent_of(welcome)?, compatibility.clone()));
    let artifacts = home.artifacts.as_ref().filter(|_| welcome.cache);
    let artifacts = artifacts.and_then(|directory| {
        Artifacts::open(directory)
            .inspect_err(|error| tracing::warn!("artifacts are not kept: {error}"))
            .ok()
    });
    let executor =
        Executor::new(compatibility, artifacts, parent.clone())?.guarded(Arc::new(Guard::new()?));
    let broker = Broker::new(Settings {
        router: Config {
            me: welcome.context,
            parents: welcome.parents.clone(),
            executes: true,
            heartbeat: Duration::from_millis(welcome.heartbeat_ms),
            max_calls: MAX_CALLS,
        },
        limits: crate::limits(welcome),
        compress_from: welcome.compress_from,
        execute: Some((Arc::new(Calls(executor)), guests)),
        receive: parent.clone(),
    });
    parent.connect(broker.clone());
    Ok((broker, parent))
}

fn parent_of(welcome: &Welcome) -> io::Result<ContextId> {
    let parent = welcome.parents.first().copied();
    parent.ok_or_else(|| io::Error::other("the WELCOME names no parent"))
}

/// The marker and the HELLO frame.
fn hello() -> io::Result<Vec<u8>> {
    let uname = rustix::system::uname();
    let hello = Hello {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: TARGET.to_owned(),
        compatibility: runtime::compatibility(TARGET),
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
struct Calls(Executor);

#[async_trait]
impl Execute for Calls {
    async fn execute(&self, _from: ContextId, call: Call, arguments: Bytes) -> Outcome {
        self.0.execute(call, arguments).await
    }

    fn is_quick(&self, call: &Call) -> bool {
        self.0.is_quick(call)
    }
}
