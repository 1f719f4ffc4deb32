//! Several calls that want the same, some of which give up; answers that nobody asked for.

use super::{Kept, Parent};
use crate::context::{Context, Receiver};
use async_trait::async_trait;
use broker::content::{Contents, Fetcher, Packed, Relay, Served, Server, Store};
use broker::{Broker, Receive, Services, Settings, stream};
use bytes::Bytes;
use proto::message::{
    CompatibilityId, Content, EngineKind, LoadModule, LoadResource, Loaded, ModuleRef, Transfer,
    Welcome,
};
use proto::router::{Config, Message, Quotas, Role};
use proto::{Body, ContextId, Digest, FrameDecoder, Handle, Limits};
use runtime::{Supply, Upstream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

const LIMITS: Limits = Limits { max_body: 16 << 20 };
const MASTER: ContextId = ContextId::MASTER;
const ME: ContextId = ContextId(1);
const MOMENT: Duration = Duration::from_millis(20);
const CONTENT: &[u8] = b"hello";

/// What the parent has: one data file and no module. It answers when it is told to.
struct Shelf {
    asked: AtomicUsize,
    answers: Semaphore,
}

#[async_trait]
impl Contents for Shelf {
    async fn find(&self, _broker: &Broker, content: &Content) -> Result<Served, String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let may = self.answers.acquire().await;
        may.map_err(|error| error.to_string())?.forget();
        match content {
            Content::Resource(wanted) if *wanted == digest(CONTENT) => {
                Ok(Served::Whole(Arc::new(packed(CONTENT))))
            }
            _ => Err("no".to_owned()),
        }
    }
}

/// The parent's side of its messages.
struct Above(Server);

impl Receive for Above {
    fn receive(&self, broker: &Broker, message: Message) {
        self.0.asked(broker, &message);
    }
}

/// A slave and its parent.
struct Slave {
    parent: Arc<Parent>,
    broker: Broker,
    above: Broker,
    shelf: Arc<Shelf>,
}

fn slave() -> Slave {
    let fetcher = Fetcher::new(MASTER);
    let store = Arc::new(Store::new(0));
    let kept = Arc::new(Kept { artifacts: None });
    let relay = Arc::new(Relay::new(fetcher.clone(), store.clone(), kept));
    let parent = Parent::new(CompatibilityId("c".to_owned()), relay.clone());
    let parent = Arc::new(parent);
    let mine = Welcome {
        context: ME,
        parents: vec![MASTER],
        max_body: LIMITS.max_body,
        heartbeat_ms: 0,
        compress_from: None,
        siblings: false,
        cache: false,
    };
    let guard = Arc::new(crate::guard::Guard::new().unwrap());
    let context = Arc::new(Context::new(fetcher, relay, store, mine, guard));
    let broker = broker(ME, vec![MASTER], Arc::new(Receiver(context)));
    parent.connect(broker.clone());
    let shelf = Arc::new(Shelf {
        asked: AtomicUsize::new(0),
        answers: Semaphore::new(0),
    });
    let above = Above(Server::new(shelf.clone()));
    let above = self::broker(MASTER, Vec::new(), Arc::new(above));
    let (down, up) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    above.attach(
        ME,
        Role::Child,
        stream::reader(up.0.into()).unwrap(),
        stream::writer(down.1.into()).unwrap(),
        FrameDecoder::new(LIMITS),
    );
    broker.attach(
        MASTER,
        Role::Parent,
        stream::reader(down.0.into()).unwrap(),
        stream::writer(up.1.into()).unwrap(),
        FrameDecoder::new(LIMITS),
    );
    Slave {
        parent,
        broker,
        above,
        shelf,
    }
}

fn broker(me: ContextId, parents: Vec<ContextId>, receive: Arc<dyn Receive>) -> Broker {
    Broker::new(Settings {
        router: Config {
            me,
            parents,
            executes: false,
            heartbeat: Duration::ZERO,
            siblings: false,
            quotas: Quotas::default(),
        },
        limits: LIMITS,
        compress_from: None,
        execute: None,
        services: Services::default(),
        receive,
    })
}

impl Slave {
    /// How often the parent was asked, once all that is under way has come.
    async fn asked(&self) -> usize {
        tokio::time::sleep(2 * MOMENT).await;
        self.shelf.asked.load(Ordering::SeqCst)
    }

    fn answer(&self, times: usize) {
        self.shelf.answers.add_permits(times);
    }

    /// The parent says something that nobody asked for.
    async fn says(&self, handle: Handle, body: Body) {
        self.above.post(ME, handle, body).await.unwrap();
        tokio::time::sleep(MOMENT).await;
    }
}

fn wanted() -> ModuleRef {
    ModuleRef {
        name: "calc".to_owned(),
        digest: Digest([1; 32]),
    }
}

fn digest(content: &[u8]) -> Digest {
    Digest(*blake3::hash(content).as_bytes())
}

fn packed(content: &[u8]) -> Packed {
    let zstd = zstd::bulk::compress(content, 1).unwrap();
    Packed {
        transfer: Transfer {
            packed_len: zstd.len() as u64,
            len: content.len() as u64,
            digest: digest(content),
        },
        engine: EngineKind::Plain,
        zstd: zstd.into(),
    }
}

#[tokio::test]
async fn whoever_joins_a_request_gets_its_answer_if_the_first_gives_up_before_it_is_sent() {
    let slave = slave();
    // It has only just been begun.
    let module = wanted();
    let first = timeout(Duration::ZERO, slave.parent.module(&module));
    assert!(first.await.is_err());
    let parent = slave.parent.clone();
    let second = tokio::spawn(async move { parent.module(&wanted()).await });
    assert_eq!(slave.asked().await, 1);
    slave.answer(1);
    assert_eq!(second.await.unwrap().unwrap_err(), "no");
}

#[tokio::test]
async fn a_request_is_not_repeated_because_the_first_has_given_up() {
    let slave = slave();
    let module = wanted();
    let first = timeout(MOMENT, slave.parent.module(&module));
    assert!(first.await.is_err());
    assert_eq!(slave.asked().await, 1);
    let parent = slave.parent.clone();
    let second = tokio::spawn(async move { parent.module(&wanted()).await });
    assert_eq!(slave.asked().await, 1);
    slave.answer(1);
    assert_eq!(second.await.unwrap().unwrap_err(), "no");
    // It was refused: nobody asks again before it is offered.
    assert_eq!(slave.parent.module(&module).await.unwrap_err(), "no");
    assert_eq!(slave.asked().await, 1);
    let load = LoadModule {
        module: wanted(),
        to: Handle::NONE,
        loaded: Loaded::<EngineKind>::Offered,
    };
    let offer = Body::new(&load).unwrap();
    slave.says(Handle::LOAD_MODULE, offer).await;
    assert!(timeout(MOMENT, slave.parent.module(&module)).await.is_err());
    assert_eq!(slave.asked().await, 2);
}

#[tokio::test]
async fn content_comes_to_all_who_wait_for_it() {
    let slave = slave();
    let ask = || {
        let parent = slave.parent.clone();
        tokio::spawn(async move { parent.resource(&digest(CONTENT)).await })
    };
    let asked = [ask(), ask()];
    assert_eq!(slave.asked().await, 1);
    slave.answer(1);
    for asked in asked {
        assert_eq!(asked.await.unwrap(), Ok(Bytes::from_static(CONTENT)));
    }
    assert_eq!(slave.broker.inspect().channels, 0);
}

#[tokio::test]
async fn answers_that_nobody_asked_for_are_not_taken() {
    let slave = slave();
    let transfer = packed(CONTENT).transfer;
    let found = Loaded::Found {
        transfer,
        about: (),
    };
    for loaded in [found, Loaded::Missing("it lies".to_owned())] {
        let load = LoadResource {
            digest: digest(CONTENT),
            to: Handle(1000),
            loaded,
        };
        let body = Body::new(&load).unwrap();
        slave.says(Handle::LOAD_RESOURCE, body).await;
    }
    assert_eq!(slave.broker.inspect().channels, 0);
    slave.answer(1);
    let content = slave.parent.resource(&digest(CONTENT)).await;
    assert_eq!(content, Ok(Bytes::from_static(CONTENT)));
    assert_eq!(slave.asked().await, 1);
}
