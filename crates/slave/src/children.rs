//! The contexts that this one has started: their processes, from birth to burial.

use crate::context::parents_of_children;
use crate::guard::Guard;
use crate::image::Images;
use crate::launch::launch;
use broker::{Broker, Link};
use connect::{Parts, Process, Started};
use proto::message::{FailureKind, LaunchChild, LaunchFailure, Launched, Phase, Welcome};
use proto::router::Role;
use proto::{Body, ContextId, FrameDecoder, Handle};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long a child may take to end by itself when it was told to, and then again after SIGTERM. Twice this is less
/// than a slave itself may take to its end.
const GRACE: Duration = Duration::from_secs(1);

/// The children of this context.
pub(crate) struct Children {
    /// What this context was itself told.
    mine: Welcome,
    guard: Arc<Guard>,
    processes: Mutex<BTreeMap<ContextId, Child>>,
    /// Those that are gone as contexts, and whose processes are being ended.
    ending: Mutex<JoinSet<()>>,
}

struct Child {
    /// None before its link is there.
    link: Option<Link>,
    process: Process,
    /// It has said that it leaves the tree.
    leaves: bool,
}

impl Children {
    pub(crate) fn new(mine: Welcome, guard: Arc<Guard>) -> Self {
        Self {
            mine,
            guard,
            processes: Mutex::default(),
            ending: Mutex::default(),
        }
    }

    /// Starts a child, and welcomes it. Dropping the future ends what it started.
    pub(crate) async fn launch(
        &self,
        broker: &Broker,
        request: LaunchChild,
        images: Images,
    ) -> Result<Launched, LaunchFailure> {
        let cache = request.cache;
        let hop = request.launch.hop.clone();
        let started = launch(&request, &images, self.guard.clone()).await?;
        let context = broker.allocate().await.map_err(|dead| LaunchFailure {
            hop,
            phase: Phase::Hello,
            kind: FailureKind::Other,
            cause: format!("there is no id for it: {dead}"),
            said: Vec::new(),
        })?;
        let launched = Launched::Started {
            context,
            hello: started.hello.clone(),
            sent: started.sent,
            times: started.times,
        };
        self.welcome(broker, context, started, cache).await?;
        Ok(launched)
    }

    async fn welcome(
        &self,
        broker: &Broker,
        context: ContextId,
        mut started: Started,
        cache: bool,
    ) -> Result<(), LaunchFailure> {
        let mine = &self.mine;
        let welcome = Welcome {
            context,
            parents: parents_of_children(mine.context, &mine.parents),
            cache,
            ..mine.clone()
        };
        started.welcome(&welcome).await?;
        let Parts {
            reader,
            writer,
            decoder: mut handshake,
            process,
            ..
        } = started.into_parts();
        // The limits of the handshake end here; what was read ahead goes on under the link's.
        let mut decoder = FrameDecoder::new(broker.limits());
        decoder.push(handshake.buffer());
        // First, so that a link that is down at once finds the process; and not under the lock, which whoever hears of that takes.
        let child = Child {
            link: None,
            process,
            leaves: false,
        };
        self.lock().insert(context, child);
        let link = broker.attach(context, Role::Child, reader, writer, decoder);
        if let Some(child) = self.lock().get_mut(&context) {
            child.link = Some(link);
        }
        Ok(())
    }

    /// The link to a child is down, or a context further below is gone.
    pub(crate) fn left(&self, context: ContextId) {
        let Some(child) = self.lock().remove(&context) else {
            return;
        };
        if child.leaves {
            return child.process.release();
        }
        let mut ending = lock(&self.ending);
        // Those that have ended are forgotten.
        while ending.try_join_next().is_some() {}
        ending.spawn(async move {
            child.process.end(GRACE).await;
        });
    }

    /// A child says that it goes its own way: when its link is down its process is left alone, and until then it is a
    /// child like any other, whatever it says.
    pub(crate) fn release(&self, context: ContextId) {
        if let Some(child) = self.lock().get_mut(&context) {
            child.leaves = true;
        }
    }

    /// Ends all children, and with them whoever is below.
    pub(crate) async fn end(&self, broker: &Broker) {
        let children = std::mem::take(&mut *self.lock());
        let mut ends = std::mem::take(&mut *lock(&self.ending));
        for (context, mut child) in children {
            let broker = broker.clone();
            ends.spawn(async move {
                let asked = async {
                    // If the way is gone already, so is the child.
                    let shutdown = broker.post(context, Handle::SHUTDOWN, Body::empty());
                    let _ = shutdown.await;
                    if let Some(link) = &mut child.link {
                        link.down().await;
                    }
                };
                let _ = tokio::time::timeout(GRACE, asked).await;
                if let Some(link) = &child.link {
                    broker.close(link.id);
                }
                child.process.end(GRACE / 2).await;
            });
        }
        while ends.join_next().await.is_some() {}
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ContextId, Child>> {
        lock(&self.processes)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
