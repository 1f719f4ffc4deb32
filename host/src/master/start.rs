//! Starts contexts: children of this process, and, through others, contexts further away.

use super::context::{Shared, Way};
use super::{Context, Master};
use crate::connect::Hop;
use connect::{Cause, ConnectError, Phase, Started};
use proto::message::{Dead, DeadReason, Down, Hello, Launched, Welcome};
use proto::router::Role;
use proto::{Body, ContextId, FrameDecoder, Handle};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::oneshot;

/// How much longer than its deadline a start may take where another context makes it: the ways there and back.
const WAY: Duration = Duration::from_secs(15);

impl Master {
    /// Starts a child of this process.
    pub(super) async fn start_child(&self, hop: &dyn Hop) -> Result<Context, ConnectError> {
        let (cache, deadline) = (self.options.cache, self.options.connect_deadline);
        let started = crate::connect::start(hop, &self.images, cache, deadline).await?;
        let allocated = self.shared.broker.allocate().await;
        let id = allocated.map_err(|dead| gone(hop, dead))?;
        self.welcome(id, hop.to_string(), started).await
    }

    async fn welcome(
        &self,
        id: ContextId,
        name: String,
        mut started: Started,
    ) -> Result<Context, ConnectError> {
        let Shared {
            broker, library, ..
        } = &self.shared;
        let heartbeat_ms = u64::try_from(self.options.heartbeat.as_millis()).unwrap_or(u64::MAX);
        let welcome = Welcome {
            context: id,
            parents: vec![ContextId::MASTER],
            max_body: broker.limits().max_body,
            heartbeat_ms,
            compress_from: None,
            siblings: self.options.siblings,
            cache: self.options.cache,
        };
        let mine = runtime::compatibility(&started.hello.target);
        if started.hello.compatibility != mine {
            return Err(started.incompatible(&mine).await);
        }
        started.welcome(&welcome).await?;
        let parts = started.into_parts();
        library.arrived(id, &name);
        // The limits of the handshake end here; what was read ahead goes on under the link's.
        let mut decoder = FrameDecoder::new(broker.limits());
        let mut handshake = parts.decoder;
        decoder.push(handshake.buffer());
        let link = broker.attach(id, Role::Child, parts.reader, parts.writer, decoder);
        let process = parts.process;
        let way = Way::Child { link, process };
        Ok(Context::new(
            id,
            name,
            parts.hello,
            self.shared.clone(),
            way,
        ))
    }

    /// Has another context start one.
    pub(super) async fn start_via(
        &self,
        via: &Arc<Context>,
        hop: &dyn Hop,
    ) -> Result<Context, ConnectError> {
        let (cache, deadline) = (self.options.cache, self.options.connect_deadline);
        let request =
            crate::connect::request(hop, &self.images, via.hello(), cache, deadline).await?;
        let body = Body::new(&request).map_err(|error| attempt(hop, Cause::Body(error)))?;
        let name = format!("{},{hop}", via.name());
        // The semaphore is never closed.
        let turn = via.launches.clone().acquire_owned().await;
        let (shared, start_in) = (self.shared.clone(), (via.id(), Arc::downgrade(via)));
        let patience = deadline.saturating_add(WAY);
        // Whoever starts a context and gives up must not leave it behind, also when it has just come: so the start goes
        // on by itself, and what nobody takes is dropped, which ends it.
        let (sender, started) = oneshot::channel();
        tokio::spawn(async move {
            let _turn = turn;
            let launched = launch(shared, start_in, name, body, patience).await;
            let _ = sender.send(launched);
        });
        let lost = || Cause::Protocol("the program ends".to_owned());
        let started = started.await.map_err(|_| attempt(hop, lost()))?;
        started.map_err(|error| match error {
            Failure::Way(dead) => gone(hop, dead),
            Failure::There(error) => error,
        })
    }
}

enum Failure {
    /// The way to the context that should start it.
    Way(Dead),
    /// What it says itself.
    There(ConnectError),
}

async fn launch(
    shared: Shared,
    (parent, via): (ContextId, Weak<Context>),
    name: String,
    body: Body,
    patience: Duration,
) -> Result<Context, Failure> {
    let broker = &shared.broker;
    let dead = |reason| {
        Failure::Way(Dead {
            reason,
            at: ContextId::MASTER,
        })
    };
    let reply = broker.request(parent, Handle::LAUNCH, body);
    let reply = match tokio::time::timeout(patience, reply).await {
        Ok(reply) => reply.map_err(Failure::Way)?,
        Err(_) => {
            let ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
            return Err(dead(DeadReason::LinkDown(Down::Silent(ms))));
        }
    };
    let launched: Launched = reply
        .decode(broker.limits())
        .map_err(|error| dead(DeadReason::Malformed(error.to_string())))?;
    match launched {
        Launched::Started { context, hello, .. } => {
            // Its word is not enough: it must have announced the context as its own child.
            if broker.parent_of(context) != Some(parent) {
                return Err(dead(DeadReason::NoRoute(context)));
            }
            // Without it the child goes, too.
            let Some(via) = via.upgrade() else {
                return Err(dead(DeadReason::LinkDown(Down::ClosedHere)));
            };
            shared.library.arrived(context, &name);
            let compatible = compatible(&name, &hello);
            let way = Way::Via(via);
            let context = Context::new(context, name, hello, shared, way);
            // Dropped, it ends.
            compatible.map(|()| context).map_err(Failure::There)
        }
        Launched::Failed(failure) => {
            let mut error = ConnectError::from(failure);
            error.hop = name;
            Err(Failure::There(error))
        }
    }
}

fn compatible(name: &str, hello: &Hello) -> Result<(), ConnectError> {
    let ours = runtime::compatibility(&hello.target);
    if hello.compatibility == ours {
        return Ok(());
    }
    Err(ConnectError {
        hop: name.to_owned(),
        phase: Phase::Hello,
        cause: Box::new(Cause::Incompatible {
            version: hello.version.clone(),
            theirs: hello.compatibility.clone(),
            ours,
        }),
        said: Vec::new(),
    })
}

fn gone(hop: &dyn Hop, dead: Dead) -> ConnectError {
    attempt(hop, Cause::Way(dead))
}

fn attempt(hop: &dyn Hop, cause: Cause) -> ConnectError {
    ConnectError {
        hop: hop.to_string(),
        phase: Phase::Spawn,
        cause: Box::new(cause),
        said: Vec::new(),
    }
}
