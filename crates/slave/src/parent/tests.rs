//! Several calls that want the same, some of which give up; content that nobody wants.

use super::Parent;
use broker::{Broker, Receive, Settings, stream};
use bytes::Bytes;
use proto::message::{CompatibilityId, LoadModule, LoadResource, Loaded, ModuleRef, Transfer};
use proto::router::{Config, Message, Role};
use proto::{Body, ContextId, Digest, Flags, FrameDecoder, Handle, Limits};
use runtime::Upstream;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::net::unix::pipe;
use tokio::time::timeout;

const LIMITS: Limits = Limits { max_body: 16 << 20 };
const MASTER: ContextId = ContextId::MASTER;
const MOMENT: Duration = Duration::from_millis(20);

/// A slave whose parent reads when it is told to.
struct Slave {
    parent: Arc<Parent>,
    broker: Broker,
    /// What it wrote to its parent.
    written: pipe::Receiver,
    decoder: FrameDecoder,
    _silence: Box<dyn AsyncWrite>,
}

fn slave() -> Slave {
    let parent = Arc::new(Parent::new(MASTER, CompatibilityId("c".to_owned())));
    let broker = Broker::new(Settings {
        router: Config {
            me: ContextId(1),
            parents: vec![MASTER],
            executes: false,
            heartbeat: Duration::ZERO,
            max_calls: 0,
        },
        limits: LIMITS,
        compress_from: None,
        execute: None,
        receive: parent.clone(),
    });
    parent.connect(broker.clone());
    let (read, write) = std::io::pipe().unwrap();
    let (written, writer) = (stream::reader(read.into()), stream::writer(write.into()));
    let (read, write) = std::io::pipe().unwrap();
    let (reader, silence) = (stream::reader(read.into()), stream::writer(write.into()));
    broker.attach(
        MASTER,
        Role::Parent,
        reader.unwrap(),
        writer.unwrap(),
        FrameDecoder::new(LIMITS),
    );
    Slave {
        parent,
        broker,
        written: written.unwrap(),
        decoder: FrameDecoder::new(LIMITS),
        _silence: Box::new(silence.unwrap()),
    }
}

impl Slave {
    /// So much waits for the parent that nothing more has room.
    async fn fill(&self) {
        for _ in 0..2 {
            let body = Body::raw(Flags::NONE, vec![0; 8 << 20].into());
            self.broker.post(MASTER, Handle::PING, body).await.unwrap();
            tokio::time::sleep(MOMENT).await;
        }
    }

    /// Reads all that the slave has to say, and counts what it asks for.
    async fn asked(&mut self) -> usize {
        let mut asked = 0;
        loop {
            while let Some(frame) = self.decoder.next_frame().unwrap() {
                asked += usize::from(frame.header.handle != Handle::PING);
            }
            let buffer = self.decoder.buffer();
            buffer.reserve(1 << 16);
            match timeout(2 * MOMENT, self.written.read_buf(buffer)).await {
                Ok(read) => assert_ne!(read.unwrap(), 0),
                Err(_) => return asked,
            }
        }
    }

    fn says(&self, handle: Handle, reply_to: Handle, body: Body) {
        let message = Message {
            handle,
            src: MASTER,
            reply_to,
            body,
        };
        self.parent.receive(&self.broker, message);
    }

    fn missing(&self) {
        let load = LoadModule {
            module: wanted(),
            loaded: Loaded::Missing("no".to_owned()),
        };
        self.says(Handle::LOAD_MODULE, Handle::NONE, Body::new(&load).unwrap());
    }

    fn announces(&self, content: &[u8]) -> Bytes {
        let packed = zstd(content);
        let load = LoadResource {
            digest: digest(content),
            loaded: Loaded::Found {
                transfer: Transfer {
                    number: 1000,
                    packed_len: packed.len() as u64,
                    len: content.len() as u64,
                    digest: digest(content),
                },
                about: (),
            },
        };
        let body = Body::new(&load).unwrap();
        self.says(Handle::LOAD_RESOURCE, Handle::NONE, body);
        packed
    }

    fn sends(&self, packed: &Bytes) {
        let body = Body::raw(Flags::BULK, packed.clone());
        self.says(Handle::LOAD_RESOURCE, Handle(1000), body);
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

/// One raw block in a frame, which no library is needed to write.
fn zstd(content: &[u8]) -> Bytes {
    let len = u8::try_from(content.len()).unwrap();
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, len];
    let block = u32::from(len) << 3 | 1;
    frame.extend_from_slice(&block.to_le_bytes()[..3]);
    frame.extend_from_slice(content);
    frame.into()
}

#[tokio::test]
async fn whoever_joins_a_request_gets_its_answer_if_the_first_gives_up_before_it_is_sent() {
    let mut slave = slave();
    slave.fill().await;
    let ask = || {
        let parent = slave.parent.clone();
        tokio::spawn(async move { parent.module(&wanted()).await })
    };
    let first = ask();
    tokio::time::sleep(MOMENT).await;
    let second = ask();
    tokio::time::sleep(MOMENT).await;
    first.abort();
    assert_eq!(slave.asked().await, 1);
    slave.missing();
    assert_eq!(second.await.unwrap().unwrap_err(), "no");
}

#[tokio::test]
async fn a_request_is_not_repeated_because_the_first_has_given_up() {
    let mut slave = slave();
    let module = wanted();
    let first = timeout(MOMENT, slave.parent.module(&module));
    assert!(first.await.is_err());
    assert_eq!(slave.asked().await, 1);
    let parent = slave.parent.clone();
    let second = tokio::spawn(async move { parent.module(&wanted()).await });
    assert_eq!(slave.asked().await, 0);
    slave.missing();
    assert_eq!(second.await.unwrap().unwrap_err(), "no");
    // It was answered: whoever asks now asks anew.
    assert!(timeout(MOMENT, slave.parent.module(&module)).await.is_err());
    assert_eq!(slave.asked().await, 1);
}

#[tokio::test]
async fn content_comes_to_all_who_wait_for_it() {
    let slave = slave();
    let content = b"hello";
    let ask = || {
        let parent = slave.parent.clone();
        tokio::spawn(async move { parent.resource(&digest(content)).await })
    };
    let asked = [ask(), ask()];
    tokio::time::sleep(MOMENT).await;
    let packed = slave.announces(content);
    slave.sends(&packed);
    for asked in asked {
        assert_eq!(asked.await.unwrap(), Ok(Bytes::from_static(content)));
    }
}

#[tokio::test]
async fn content_that_nobody_asked_for_takes_no_room() {
    let slave = slave();
    let content = b"hello";
    let packed = slave.announces(content);
    let digest = digest(content);
    let asking = slave.parent.resource(&digest);
    let sending = async {
        tokio::time::sleep(MOMENT).await;
        slave.sends(&packed);
    };
    let both = async { tokio::join!(asking, sending) };
    // Its bytes belong to no transfer.
    assert!(timeout(3 * MOMENT, both).await.is_err());
}
