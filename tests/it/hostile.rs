//! Slaves that say HELLO as they should, and then what no slave of ours says. Each is a shell script in the place of
//! the image.

use crate::support::{Run, example, finished, home, zymogen};
use host::build::{Images, Silent, Sources, StdModules};
use host::master::{CallResult, Context, LogSink, Master, Options};
use host::module::compile::Compiler;
use host::module::{Module, Repository};
use proto::message::{Hello, LimitKind, LogRecord};
use proto::{Body, CallLimits, ContextId, Flags, Frame, Handle, Header, Policy};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use wasmtime::component::Val;

/// More than a WELCOME and less than a WELCOME and a call: who has read so much has been called.
const CALLED: usize = 240;

/// The handle at which a master awaits its first reply.
const FIRST_REPLY: Handle = Handle(1000);

/// A directory with an image for this machine: says HELLO, then does what the script says. `$says` in it is a file
/// with these bytes.
fn image(says: &[u8], script: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("hello"), hello()).unwrap();
    std::fs::write(path("says"), says).unwrap();
    let place = directory.path().display();
    let script = format!("#!/bin/sh\ncat {place}/hello\nsays={place}/says\n{script}\n");
    let name = format!("zymogen-slave-{}", std::env::consts::ARCH);
    std::fs::write(path(&name), script).unwrap();
    directory
}

fn hello() -> Vec<u8> {
    let target = runtime::Target::native();
    let hello = Hello {
        version: "0.1.0".to_owned(),
        compatibility: runtime::compatibility(&target),
        target: target.to_string(),
        pid: 1,
        hostname: "nowhere".to_owned(),
    };
    let header = Header {
        flags: Flags::NONE,
        dst: ContextId::MASTER,
        src: ContextId::UNASSIGNED,
        auth: ContextId::UNASSIGNED,
        handle: Handle::HELLO,
        reply_to: Handle::NONE,
    };
    let body = Body::new(&hello).unwrap().bytes().clone();
    [b"ZYMOGEN ready\n".to_vec(), encode(&Frame { header, body })].concat()
}

fn encode(frame: &Frame) -> Vec<u8> {
    [&frame.encode_header()[..], &frame.body].concat()
}

/// A frame of the slave to its master.
fn up(src: u32, handle: Handle, body: &'static [u8]) -> Frame {
    let header = Header {
        flags: Flags::NONE,
        dst: ContextId::MASTER,
        src: ContextId(src),
        auth: ContextId(src),
        handle,
        reply_to: Handle::NONE,
    };
    let body = body.into();
    Frame { header, body }
}

/// Calls a function in a slave that waits for the call and answers with these bytes.
fn answered_with(bytes: &[u8]) -> Run {
    answer(bytes).status(4).stdout("")
}

fn answer(bytes: &[u8]) -> Run {
    let image = image(bytes, &format!("head -c {CALLED} > /dev/null; cat $says"));
    let mut command = zymogen();
    command.env("ZYMOGEN_IMAGES", image.path());
    command.args(["call", "local", &example("calculator"), "add(1, 2)"]);
    finished(&command.output().unwrap())
}

#[test]
fn bytes_that_are_no_frame() {
    answered_with(b"Segmentation fault\n").stderr_has(&[
        "the context is gone: corrupt stream",
        "expected a frame beginning with [5a, 59], found [53, 65]",
    ]);
}

#[test]
fn a_frame_that_is_cut_off() {
    let whole = encode(&up(1, Handle::PONG, &[7; 100]));
    answered_with(&whole[..100]).stderr_has(&[
        "the context is gone: truncated frame",
        "the stream ended with 28 bytes missing",
    ]);
    answered_with(&whole[..10]).stderr_has(&["truncated frame", "18 bytes missing"]);
}

#[test]
fn a_frame_that_claims_to_be_huge() {
    let header = up(1, Handle::PONG, &[]).header;
    answered_with(&header.encode(u32::MAX)).stderr_has(&[
        "the context is gone: oversized frame",
        "a body of 4294967295 bytes, at most 134217728 are accepted",
    ]);
}

#[test]
fn another_version_of_the_protocol() {
    let mut pong = encode(&up(1, Handle::PONG, &[]));
    pong[2] = 9;
    answered_with(&pong).stderr_has(&["expected protocol version 1, found 9"]);
}

#[test]
fn a_stream_that_ends() {
    answered_with(b"").stderr_has(&["the context is gone: the peer closed the connection"]);
}

#[test]
fn an_answer_that_is_no_outcome() {
    let no_outcome = encode(&up(1, FIRST_REPLY, b"\x63yes"));
    answer(&no_outcome)
        .status(3)
        .stderr_has(&["the answer of module", "cannot be read: malformed message"]);
    let of_another = encode(&up(1, FIRST_REPLY, b"\x68returned\x81\x63yes"));
    answer(&of_another)
        .status(3)
        .stderr_has(&["the answer of module", "cannot be read"]);
}

#[test]
fn an_answer_in_the_name_of_another() {
    let spoofed = encode(&up(9, FIRST_REPLY, b"\x68returned\x81\x03"));
    answered_with(&spoofed).stderr_has(&["the peer closed the connection"]);
}

/// Nobody listens.
struct Deaf;

impl LogSink for Deaf {
    fn record(&self, _: &str, _: &LogRecord) {}
}

/// A context in the slave of this directory, without heartbeats, and a module for it.
async fn start(image: &Path) -> (Context, Arc<Module>) {
    let artifacts = runtime::Artifacts::open(&home().join("compiled")).unwrap();
    let std_modules = StdModules::new(Sources::default(), Arc::new(Silent));
    let repository = Repository::new(std_modules, Compiler::new(Some(artifacts)));
    let images = Images::new(Sources::directory(image.to_owned()), Arc::new(Silent));
    let options = Options {
        heartbeat: Duration::ZERO,
        ..Options::default()
    };
    let master = Master::new(
        Arc::new(repository),
        Arc::new(images),
        Arc::new(Deaf),
        options,
    );
    let context = master.connect(&"local".parse().unwrap()).await.unwrap();
    let module = master.repository().find(&example("misbehave")).unwrap();
    (context, module)
}

async fn call(context: &Context, module: &Arc<Module>, name: &str, args: &[Val]) -> CallResult {
    let limits = CallLimits {
        wall_ms: 500,
        ..CallLimits::default()
    };
    let function = module.function(name).unwrap();
    let called = context.call(module, &function, args, Policy::default(), limits);
    called.await.unwrap()
}

#[tokio::test]
async fn a_slave_that_never_answers() {
    let image = image(b"", "exec 3>&1 cat > /dev/null");
    let (context, module) = start(image.path()).await;
    // Nothing else happens, so that the clock may jump to what comes next.
    tokio::time::pause();
    let start = Instant::now();
    let ended = call(&context, &module, "trap", &[]).await;
    let limit = LimitKind::WallTime;
    assert_eq!(
        ended,
        CallResult::OverLimit {
            limit,
            allowed: 500
        }
    );
    assert_eq!(start.elapsed().as_secs(), 600);
    tokio::time::resume();
    context.shutdown().await;
}

#[tokio::test]
async fn a_slave_that_does_not_read_can_be_shut_down() {
    let image = image(b"", "exec sleep 1000");
    let (context, module) = start(image.path()).await;
    // The first is being written for ever, the second fills the queue.
    for _ in 0..2 {
        let text = [Val::String("x".repeat(6 << 20))];
        let print = call(&context, &module, "print", &text);
        assert!(timeout(Duration::from_millis(500), print).await.is_err());
    }
    let shutdown = timeout(Duration::from_secs(30), context.shutdown());
    assert!(shutdown.await.is_ok(), "it waits for ever");
}
