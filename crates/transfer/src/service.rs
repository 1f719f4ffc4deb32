//! The service: it reads and writes the files that are offered, for whoever may call it.

use crate::bounds::{Bounds, Open, Room};
use crate::message::{Opened, Read, Stat, Write};
use crate::pump::{self, blocking};
use crate::{NAME, WINDOW};
use broker::{Allow, Broker, Caller, Failed, Service, WeakBroker};
use files::{Metadata, Reader, Registry, Wanted, Writer};
use proto::message::Address;
use proto::router::Accept;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// What is offered, which may change while the service runs.
pub type Shared = Arc<RwLock<Registry>>;

struct Files {
    /// Which has the service.
    broker: WeakBroker,
    registry: Shared,
    bounds: Bounds,
    room: Room,
}

/// A service of these files.
#[must_use]
pub fn service(broker: &Broker, registry: &Shared, allow: &Allow) -> Service {
    bounded(broker, registry, allow, Bounds::default())
}

/// The same with other bounds.
pub(crate) fn bounded(
    broker: &Broker,
    registry: &Shared,
    allow: &Allow,
    bounds: Bounds,
) -> Service {
    let files = Arc::new(Files {
        broker: broker.downgrade(),
        registry: registry.clone(),
        bounds,
        room: Room::new(bounds),
    });
    let [to_stat, to_read, to_write] = std::array::from_fn(|_| files.clone());
    // Those that move files, and as many that come to their end soon.
    Service::new(NAME, 2 * bounds.open)
        .method("stat", allow.clone(), move |_, asked| {
            let files = to_stat.clone();
            async move { files.stat(asked).await }
        })
        .method("read", allow.clone(), move |caller, asked| {
            let files = to_read.clone();
            async move { files.read(caller, asked).await }
        })
        .method("write", allow.clone(), move |caller, asked| {
            let files = to_write.clone();
            async move { files.write(caller, asked).await }
        })
}

impl Files {
    async fn stat(&self, asked: Stat) -> Result<Metadata, Failed> {
        let (registry, path) = (self.registry.clone(), asked.path);
        let stat = move || {
            Ok(Reader::open(&shared(&registry), path, 0)?
                .metadata()
                .clone())
        };
        blocking(stat).await.map_err(failed)
    }

    async fn read(&self, caller: Caller, asked: Read) -> Result<(), Failed> {
        let Read { path, offset, to } = asked;
        is_callers(to, caller)?;
        let _open = self.room(caller)?;
        let registry = self.registry.clone();
        let open = move || Reader::open(&shared(&registry), path, offset);
        let reader = blocking(open).await.map_err(failed)?;
        let sender = self.broker()?.byte_sender(to).map_err(failed)?;
        let patience = Some(self.bounds.with_reader(offset));
        pump::send(reader, sender, patience).await.map_err(failed)
    }

    async fn write(&self, caller: Caller, asked: Write) -> Result<Metadata, Failed> {
        let Write { path, plan, to } = asked;
        is_callers(to, caller)?;
        may_want(caller, &plan.metadata)?;
        let _open = self.room(caller)?;
        let registry = self.registry.clone();
        let open = move || Writer::open(&shared(&registry), &path, &plan);
        let writer = pump::open(open).await.map_err(failed)?;
        let broker = self.broker()?;
        let mut receiver = broker.receiver(Accept::Context(caller.context), WINDOW);
        let opened = Opened {
            to: receiver.address(),
            offset: writer.offset(),
        };
        let mut news = broker.sender(to).map_err(failed)?;
        let told = async {
            news.send(&opened).await?;
            news.finish().await
        };
        let patience = self.bounds.with_writer(opened.offset);
        let told = pump::within(Some(patience.then), told).await;
        told.map_err(failed)?.map_err(failed)?;
        let received = pump::receive(writer, &mut receiver, Some(patience)).await;
        received.map_err(failed)
    }

    fn broker(&self) -> Result<Broker, Failed> {
        let broker = self.broker.upgrade();
        broker.ok_or_else(|| Failed("the context ends".to_owned()))
    }

    fn room(&self, caller: Caller) -> Result<Open, Failed> {
        self.room.take(&self.broker()?, caller).map_err(Failed)
    }
}

/// A file goes to whoever may have it, not to whom it names.
fn is_callers(to: Address, caller: Caller) -> Result<(), Failed> {
    if to.context == caller.context {
        Ok(())
    } else {
        let why = "the receiver must be one of the caller's own";
        Err(Failed(why.to_owned()))
    }
}

/// Whoever is above may do here what it likes anyway.
fn may_want(caller: Caller, wanted: &Wanted) -> Result<(), Failed> {
    let Wanted {
        mode,
        owner,
        group,
        modified: _,
    } = wanted;
    let plain = mode.is_none_or(|mode| mode & !0o777 == 0) && owner.is_none() && group.is_none();
    if caller.above || plain {
        Ok(())
    } else {
        let why = "only a context above may choose the owner of a file, or bits beyond 0777";
        Err(Failed(why.to_owned()))
    }
}

fn failed(error: impl std::fmt::Display) -> Failed {
    Failed(error.to_string())
}

fn shared(registry: &Shared) -> RwLockReadGuard<'_, Registry> {
    registry.read().unwrap_or_else(PoisonError::into_inner)
}
