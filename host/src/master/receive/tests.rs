//! Contexts that ask for more than they should get, and several that ask for the same.

use super::Receiver;
use crate::build::{self, Silent, StdModules};
use crate::master::LogSink;
use crate::master::library::Library;
use crate::master::tree::Tree;
use crate::module::Repository;
use crate::module::compile::Compiler;
use broker::content::Server;
use broker::{Broker, Link, Receive, Services, Settings, stream};
use proto::message::{CompatibilityId, GetModule, GetResource, Level, LogRecord, ModuleRef};
use proto::router::{Config, Message, Quotas, Role};
use proto::{Body, ContextId, Digest, FrameDecoder, Handle, Limits};
use serde::Serialize;
use std::io::{PipeReader, PipeWriter};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const ALICE: ContextId = ContextId(1);

/// Where she wants what she asks for.
const THERE: Handle = Handle(1000);

#[derive(Default)]
struct Counted(AtomicUsize);

impl LogSink for Counted {
    fn record(&self, _: &str, _: &LogRecord) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Master {
    broker: Broker,
    receiver: Arc<Receiver>,
    library: Arc<Library>,
    log: Arc<Counted>,
    link: Link,
    /// Alice's ends: she neither reads nor writes.
    _alice: (PipeReader, PipeWriter),
}

/// A master with one context, which does not read.
fn master() -> Master {
    let std_modules = StdModules::new(build::Sources::default(), Arc::new(Silent));
    let repository = Repository::new(std_modules, Compiler::new(None));
    let library = Arc::new(Library::new(Arc::new(repository)));
    library.arrived(ALICE, "alice", runtime::Target::native());
    let log = Arc::new(Counted::default());
    let receiver = Arc::new(Receiver {
        library: library.clone(),
        server: Server::new(library.clone()),
        tree: Arc::new(Tree::default()),
        log: log.clone(),
    });
    let broker = Broker::new(Settings {
        router: Config {
            me: ContextId::MASTER,
            parents: Vec::new(),
            executes: false,
            heartbeat: Duration::ZERO,
            siblings: false,
            quotas: Quotas::default(),
        },
        limits: Limits::default(),
        compress_from: None,
        execute: None,
        services: Services::default(),
        receive: receiver.clone(),
    });
    let (from_alice, hers_to_write) = std::io::pipe().expect("a pipe");
    let (hers_to_read, to_alice) = std::io::pipe().expect("a pipe");
    let link = broker.attach(
        ALICE,
        Role::Child,
        stream::reader(from_alice.into()).expect("it polls"),
        stream::writer(to_alice.into()).expect("it polls"),
        FrameDecoder::new(Limits::default()),
    );
    Master {
        broker,
        receiver,
        library,
        log,
        link,
        _alice: (hers_to_read, hers_to_write),
    }
}

impl Master {
    fn receive(&self, handle: Handle, message: &impl Serialize) {
        let message = Message {
            handle,
            src: ALICE,
            reply_to: Handle::NONE,
            body: Body::new(message).expect("plain data"),
        };
        self.receiver.receive(&self.broker, message);
    }
}

fn tasks() -> usize {
    let runtime = tokio::runtime::Handle::current();
    runtime.metrics().num_alive_tasks()
}

fn module(name: &str) -> GetModule {
    GetModule {
        module: ModuleRef {
            name: name.to_owned(),
            digest: Digest([1; 32]),
        },
        compatibility: CompatibilityId(String::new()),
        to: THERE,
    }
}

const SOURCE: GetResource = GetResource {
    digest: Digest([2; 32]),
    to: THERE,
};

#[tokio::test]
async fn a_context_that_asks_without_end_is_not_listened_to_for_ever() {
    let master = master();
    let before = tasks();
    for _ in 0..5000 {
        master.receive(Handle::GET_RESOURCE, &SOURCE);
        master.receive(Handle::GET_MODULE, &module("calc"));
    }
    let under_way = tasks() - before;
    assert!((1..2000).contains(&under_way), "{under_way} of 10000");
    // They are answered, and others may be asked.
    while tasks() > before {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    master.receive(Handle::GET_RESOURCE, &SOURCE);
    assert_eq!(tasks() - before, 1);
}

#[tokio::test]
async fn a_context_that_has_left_is_sent_nothing() {
    let master = master();
    master.broker.close(master.link.id);
    let before = tasks();
    master.receive(Handle::GET_RESOURCE, &SOURCE);
    master.receive(Handle::GET_MODULE, &module("calc"));
    assert_eq!(tasks(), before);
    assert_eq!(master.library.name(ALICE), "context 1");
}

#[tokio::test]
async fn messages_that_are_too_long_are_dropped() {
    let master = master();
    let before = tasks();
    let long = "x".repeat(70_000);
    master.receive(Handle::GET_MODULE, &module(&long));
    assert_eq!(tasks(), before);
    let mut record = LogRecord {
        module: None,
        level: Level::Info,
        target: long,
        text: "hello".to_owned(),
    };
    master.receive(Handle::FORWARD_LOG, &record);
    assert_eq!(master.log.0.load(Ordering::Relaxed), 1);
    record.text = "x".repeat(1 << 20);
    master.receive(Handle::FORWARD_LOG, &record);
    assert_eq!(master.log.0.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn one_packed_copy_of_a_file_is_enough_for_all_who_are_sent_it() {
    let master = master();
    let path = std::env::temp_dir().join(format!("zymogen-source-{}", std::process::id()));
    let content = b"hello ".repeat(100_000);
    std::fs::write(&path, &content).expect("it can be written");
    let sources = master.library.sources();
    let source = sources.offer("file", &path).expect("it is offered");
    let both = async {
        tokio::join!(
            sources.packed(&source.digest),
            sources.packed(&source.digest)
        )
    };
    let (Ok(one), Ok(two)) = both.await else {
        panic!("it cannot be packed");
    };
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!(one.transfer.len, content.len() as u64);
    let unpacked = zstd::bulk::decompress(&one.zstd, content.len());
    assert_eq!(unpacked.expect("one zstd frame"), content);
    // The copy is shared with whoever comes later, until nobody needs it: then the file is read again.
    std::fs::write(&path, b"something else").expect("it can be written");
    assert!(sources.packed(&source.digest).await.is_ok());
    drop((one, two));
    let changed = sources.packed(&source.digest).await;
    std::fs::remove_file(&path).expect("it is there");
    let text = changed.expect_err("it has changed");
    assert!(
        text.ends_with("it has changed since the plan was read"),
        "{text}"
    );
}

#[tokio::test]
async fn files_without_a_length_can_be_sent() {
    let master = master();
    let sources = master.library.sources();
    let version = std::path::Path::new("/proc/version");
    let source = sources.offer("version", version).expect("it is offered");
    let packed = sources.packed(&source.digest).await.expect("it is packed");
    let content = std::fs::read(version).expect("it can be read");
    assert_eq!(packed.transfer.len, content.len() as u64);
}
