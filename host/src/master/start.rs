//! Starts contexts: children of this process, and, through others, contexts further away.

use super::context::{Born, Shared, Way};
use super::{Context, Master};
use crate::connect::{Step, explained};
use connect::{Cause, ConnectError, Format, IMAGE_PATIENCE, ImageError, Phase, Started};
use proto::message::{
    CompatibilityId, Dead, DeadReason, Down, FailureKind, Hello, ImageId, LaunchChild, Launched,
    Welcome,
};
use proto::router::Role;
use proto::{Body, ContextId, FrameDecoder, Handle};
use runtime::Target;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How much longer than its deadline a start may take where another context makes it: that gets the image first, and there
/// are the ways there and back.
const BEYOND: Duration = IMAGE_PATIENCE.saturating_add(Duration::from_secs(15));

impl Master {
    /// Starts a child of this process.
    pub(super) async fn start_child(&self, step: &Step) -> Result<Context, ConnectError> {
        let started = crate::connect::start(step, &self.means).await?;
        let allocated = self.shared.broker.allocate().await;
        let id = allocated.map_err(|dead| gone(step, dead))?;
        self.welcome(id, step.name().to_owned(), started).await
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
        let target = match target(&started.hello) {
            Ok(target) => target,
            Err(ours) => return Err(started.incompatible(&ours).await),
        };
        started.welcome(&welcome).await?;
        let (times, sent) = (started.times, started.sent);
        let parts = started.into_parts();
        library.arrived(id, &name, target);
        // The limits of the handshake end here; what was read ahead goes on under the link's.
        let mut decoder = FrameDecoder::new(broker.limits());
        let mut handshake = parts.decoder;
        decoder.push(handshake.buffer());
        let link = broker.attach(id, Role::Child, parts.reader, parts.writer, decoder);
        let process = parts.process;
        let way = Way::Child { link, process };
        let born = Born {
            hello: parts.hello,
            times,
            sent,
        };
        Ok(Context::new(id, name, born, self.shared.clone(), way))
    }

    /// Has another context start one.
    pub(super) async fn start_via(
        &self,
        via: &Arc<Context>,
        step: &Step,
    ) -> Result<Context, ConnectError> {
        let request = crate::connect::request(step, &self.means, via.hello()).await?;
        let error = match self.launch_via(via, step, request).await {
            Err(error) => error,
            started => return started,
        };
        // The context there has only the image that it runs itself. What it needs beyond that is built here, and goes there as
        // any other content; then it is asked again.
        let FailureKind::NoImage(machine) = error.cause.kind() else {
            return Err(error);
        };
        let mut request = crate::connect::request(step, &self.means, via.hello()).await?;
        let image = self.foreign_image(&machine).await;
        let image = image.map_err(|why| {
            attempt(
                step,
                Cause::Image {
                    machine,
                    error: why,
                },
            )
        })?;
        request
            .images
            .retain(|known| known.machine != image.machine);
        request.images.push(image);
        self.launch_via(via, step, request).await
    }

    /// An image that contexts can ask for.
    async fn foreign_image(&self, machine: &str) -> Result<ImageId, ImageError> {
        let (images, machine) = (self.means.images.clone(), machine.to_owned());
        let library = self.shared.library.clone();
        let work = move || {
            let image = images.for_machine(&machine)?;
            let (raw, zstd) = (image.packed(Format::Raw)?, image.packed(Format::Zstd)?);
            Ok::<_, ImageError>(ImageId {
                content: Some(library.sources().hold(&raw, zstd)),
                ..image.id()
            })
        };
        let image = tokio::task::spawn_blocking(work).await??;
        self.shared.offer_sources().await;
        Ok(image)
    }

    async fn launch_via(
        &self,
        via: &Arc<Context>,
        step: &Step,
        request: LaunchChild,
    ) -> Result<Context, ConnectError> {
        let body = Body::new(&request).map_err(|error| attempt(step, Cause::Body(error)))?;
        let name = format!("{},{}", via.name(), step.name());
        // The semaphore is never closed.
        let turn = via.launches.clone().acquire_owned().await;
        let (shared, start_in) = (self.shared.clone(), (via.id(), Arc::downgrade(via)));
        // Whoever starts a context and gives up must not leave it behind, also when it has just come: so the start goes
        // on by itself, and what nobody takes is dropped, which ends it.
        let (sender, started) = oneshot::channel();
        tokio::spawn(async move {
            let _turn = turn;
            let launched = launch(shared, start_in, name, body).await;
            let _ = sender.send(launched);
        });
        let patience = self.means.deadline.saturating_add(BEYOND);
        let started = timeout(patience, started).await;
        let started = started.map_err(|_| gone(step, silent(patience)))?;
        let lost = || Cause::Protocol("the program ends".to_owned());
        let started = started.map_err(|_| attempt(step, lost()))?;
        started.map_err(|error| match error {
            Failure::Way(dead) => gone(step, dead),
            Failure::There(error) => explained(error, step),
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
) -> Result<Context, Failure> {
    let broker = &shared.broker;
    let dead = |reason| {
        Failure::Way(Dead {
            reason,
            at: ContextId::MASTER,
        })
    };
    let reply = broker.request(parent, Handle::LAUNCH, body);
    let launched: Launched = reply
        .await
        .map_err(Failure::Way)?
        .decode(broker.limits())
        .map_err(|error| dead(DeadReason::Malformed(error.to_string())))?;
    match launched {
        Launched::Started {
            context,
            hello,
            times,
            sent,
        } => {
            // Its word is not enough: it must have announced the context as its own child.
            if broker.parent_of(context) != Some(parent) {
                return Err(dead(DeadReason::NoRoute(context)));
            }
            // Without it the child goes, too.
            let Some(via) = via.upgrade() else {
                return Err(dead(DeadReason::LinkDown(Down::ClosedHere)));
            };
            let target = target(&hello);
            if let Ok(target) = &target {
                shared.library.arrived(context, &name, target.clone());
            }
            let refused = target.err().map(|ours| incompatible(&name, &hello, ours));
            let way = Way::Via(via);
            let born = Born { hello, times, sent };
            let context = Context::new(context, name, born, shared, way);
            // Dropped, it ends.
            refused.map_or(Ok(context), |error| Err(Failure::There(error)))
        }
        Launched::Failed(failure) => {
            let mut error = ConnectError::from(failure);
            error.hop = name;
            Err(Failure::There(error))
        }
    }
}

/// What machine code a slave takes, if this program makes such: by its own account of the target, for a slave's word
/// on its compatibility could be anything. Else what it should have said.
fn target(hello: &Hello) -> Result<Target, CompatibilityId> {
    let target: Result<Target, _> = hello.target.parse();
    let ours = runtime::compatibility(target.as_ref().unwrap_or(&Target::native()));
    target
        .ok()
        .filter(|_| hello.compatibility == ours)
        .ok_or(ours)
}

fn incompatible(name: &str, hello: &Hello, ours: CompatibilityId) -> ConnectError {
    ConnectError {
        hop: name.to_owned(),
        phase: Phase::Hello,
        cause: Box::new(Cause::Incompatible {
            version: hello.version.clone(),
            theirs: hello.compatibility.clone(),
            ours,
        }),
        said: Vec::new(),
        hint: None,
    }
}

/// A context that has said nothing for so long.
fn silent(patience: Duration) -> Dead {
    let ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    Dead {
        reason: DeadReason::LinkDown(Down::Silent(ms)),
        at: ContextId::MASTER,
    }
}

fn gone(step: &Step, dead: Dead) -> ConnectError {
    attempt(step, Cause::Way(dead))
}

fn attempt(step: &Step, cause: Cause) -> ConnectError {
    ConnectError {
        hop: step.name().to_owned(),
        phase: match &cause {
            Cause::Image { .. } => Phase::Image,
            Cause::Way(_) => Phase::Resolve,
            _ => Phase::Spawn,
        },
        cause: Box::new(cause),
        said: Vec::new(),
        hint: None,
    }
}
