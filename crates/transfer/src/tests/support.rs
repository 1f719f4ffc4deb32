//! A tree of three brokers, each but the one in the middle with a directory.

use crate::bounds::Bounds;
use crate::message::{Opened, Write};
use crate::{Access, Client, Metadata, NAME, Plan, Shared, TransferError, Wanted};
use broker::{Allow, Broker, Item, Link, Receive, ServiceError, Services, Settings};
use proto::message::Address;
use proto::router::{Accept, Config, Message, Quotas, Role};
use proto::{ContextId, FrameDecoder, Limits};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

pub(super) const MASTER: ContextId = ContextId::MASTER;
pub(super) const HOP: ContextId = ContextId(1);
/// The first id that the hop is given for its children by the master.
pub(super) const LEAF: ContextId = ContextId(2);
pub(super) const LIMITS: Limits = Limits { max_body: 1 << 20 };

struct Ignore;

impl Receive for Ignore {
    fn receive(&self, _: &Broker, _: Message) {}
}

pub(super) struct Context {
    pub(super) broker: Broker,
    files: Shared,
    disk: TempDir,
}

impl Context {
    fn new(me: ContextId, parents: &[ContextId], bounds: Bounds) -> Self {
        let services = Services::default();
        let broker = Broker::new(Settings {
            router: Config {
                me,
                parents: parents.to_vec(),
                executes: false,
                heartbeat: Duration::from_secs(15),
                siblings: false,
                quotas: Quotas {
                    services: 256,
                    ..Quotas::default()
                },
            },
            limits: LIMITS,
            compress_from: None,
            execute: None,
            services: services.clone(),
            receive: Arc::new(Ignore),
        });
        let disk = tempfile::tempdir().unwrap();
        let files = Shared::default();
        let service = crate::service::bounded(&broker, &files, &Allow::Anyone, bounds);
        services.register(service);
        let context = Self {
            broker,
            files,
            disk,
        };
        context.offer(&context.path(""));
        context
    }

    /// Offers a directory for both.
    pub(super) fn offer(&self, directory: &Path) {
        let mut files = self.files.write().unwrap();
        for access in [Access::Read, Access::Write] {
            files.offer_prefix(directory, access).unwrap();
        }
    }

    /// Offers its directory no longer.
    pub(super) fn withdraw(&self) -> bool {
        self.files.write().unwrap().withdraw(self.path(""))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.disk.path().canonicalize().unwrap().join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// All that is in its directory.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.disk.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// What is under way here.
    fn busy(&self) -> u32 {
        let found = self.broker.inspect();
        found.requests + found.services + found.channels
    }

    pub(super) fn queued(&self) -> u64 {
        let links = self.broker.inspect().links;
        links.iter().map(|link| link.queued).sum()
    }
}

/// A master, a leaf, and a hop between them.
pub(super) struct Tree {
    pub(super) master: Context,
    pub(super) hop: Context,
    pub(super) leaf: Context,
    /// The hop's link to the leaf.
    pub(super) link: Link,
}

impl Tree {
    pub(super) async fn new() -> Self {
        Self::bounded(Bounds::default()).await
    }

    /// One whose file services have these bounds.
    pub(super) async fn bounded(bounds: Bounds) -> Self {
        let master = Context::new(MASTER, &[], bounds);
        let hop = Context::new(HOP, &[MASTER], bounds);
        assert_eq!(master.broker.allocate().await, Ok(HOP));
        join(&master, &hop);
        let leaf = hop.broker.allocate().await.unwrap();
        assert_eq!(leaf, LEAF);
        let leaf = Context::new(leaf, &[HOP, MASTER], bounds);
        let link = join(&hop, &leaf);
        until(|| master.broker.is_below(LEAF)).await;
        Self {
            master,
            hop,
            leaf,
            link,
        }
    }

    /// Another child of the master.
    pub(super) async fn add(&self) -> Context {
        let id = self.master.broker.allocate().await.unwrap();
        let added = Context::new(id, &[MASTER], Bounds::default());
        join(&self.master, &added);
        added
    }

    /// The files of the leaf as the master sees them.
    pub(super) fn down(&self) -> Client {
        Client::new(self.master.broker.clone(), LEAF)
    }

    /// The files of the master as the leaf sees them.
    pub(super) fn up(&self) -> Client {
        Client::new(self.leaf.broker.clone(), MASTER)
    }

    /// Waits until nothing is under way anywhere.
    pub(super) async fn idle(&self) {
        let all = [&self.master, &self.hop, &self.leaf];
        until(|| {
            all.iter()
                .all(|context| context.busy() == 0 && context.queued() == 0)
        })
        .await;
    }
}

fn join(above: &Context, below: &Context) -> Link {
    let (near, far) = UnixStream::pair().unwrap();
    let (near_reader, near_writer) = near.into_split();
    let (far_reader, far_writer) = far.into_split();
    let decoder = || FrameDecoder::new(LIMITS);
    let (up, down) = (above.broker.me(), below.broker.me());
    below
        .broker
        .attach(up, Role::Parent, far_reader, far_writer, decoder());
    above
        .broker
        .attach(down, Role::Child, near_reader, near_writer, decoder())
}

/// A call of `write` under way.
pub(super) type Call = JoinHandle<Result<Metadata, ServiceError>>;

/// Begins to write a file of that size from one context to another. Gives where its content is expected, with the call that
/// takes as long as that.
pub(super) async fn open(
    from: &Context,
    to: &Context,
    name: &str,
    size: u64,
) -> Result<(Address, Call), ServiceError> {
    let (broker, there) = (from.broker.clone(), to.broker.me());
    let mut news = broker.receiver(Accept::Context(there), 0);
    let write = Write {
        path: to.path(name),
        plan: Plan {
            size,
            ..Plan::default()
        },
        to: news.address(),
    };
    let mut asked =
        tokio::spawn(async move { broker.call_service(there, NAME, "write", &write).await });
    let told = tokio::select! {
        told = soon(news.next()) => told,
        failed = &mut asked => return Err(failed.unwrap().unwrap_err()),
    };
    let Item::Message(body) = told.item else {
        return Err(asked.await.unwrap().unwrap_err());
    };
    let opened: Opened = body.decode(LIMITS).unwrap();
    assert_eq!((opened.to.context, opened.offset), (there, 0));
    Ok((opened.to, asked))
}

/// What the other side said.
pub(super) fn said(error: TransferError) -> String {
    match error {
        TransferError::There(ServiceError::Failed(why)) => why,
        error => panic!("{error}"),
    }
}

/// Bytes that no piece repeats.
pub(super) fn bytes(len: u32) -> Vec<u8> {
    (0..len).map(|n| (n ^ (n >> 8) ^ (n >> 16)) as u8).collect()
}

pub(super) fn plain() -> Wanted {
    Wanted::default()
}

/// The bytes of a temporary file in a directory, if there is one.
pub(super) fn part(directory: &Path) -> Option<u64> {
    let mut entries = std::fs::read_dir(directory).unwrap().flatten();
    let part = entries.find(|entry| entry.path().extension().is_some_and(|end| end == "part"))?;
    part.metadata().ok().map(|found| found.len())
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

/// What must come to its end.
pub(super) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("it ends")
}
