//! The ways to a context: `local`, and one day ssh, sudo, docker and their friends, one file each.
//!
//! A method makes plain data of the user's words, a [`connect::Launch`]; the crate `connect` runs it. This
//! module does not start anything itself.

mod local;
mod spec;

#[cfg(test)]
mod tests;

pub use local::Local;
pub use spec::{ContextSpec, SpecError};

use crate::build::{BuildError, Images};
use connect::{
    Bandwidth, Boot, Cause, ConnectError, ImageId, Launch, Options, Phase, Started, Stdio,
};
use proto::message::{Hello, LaunchChild};
use std::fmt;
use std::time::Duration;

/// One step on the way to a context. It is data: what it yields is run elsewhere, perhaps on another
/// machine. Shown, it is what the user wrote.
pub trait Hop: fmt::Debug + fmt::Display + Send + Sync {
    /// The program that runs the first stage at the end of this hop, and its arguments.
    fn argv(&self, boot: &Boot) -> Vec<String>;

    /// What sending an image over it costs.
    fn bandwidth(&self) -> Bandwidth {
        Bandwidth::Dear
    }
}

/// The data that starts a context at the end of a hop.
#[must_use]
pub fn launch(hop: &dyn Hop, boot: &Boot) -> Launch {
    Launch {
        hop: hop.to_string(),
        argv: hop.argv(boot),
        stdio: Stdio::Pipe,
        bandwidth: hop.bandwidth(),
    }
}

/// Starts a slave at the end of a hop of this machine, up to its HELLO. With `cache` it may keep its image there. The
/// deadline begins when the image for this machine is at hand.
///
/// # Errors
/// If there is no image, or the slave does not come up.
pub async fn start(
    hop: &dyn Hop,
    images: &Images,
    cache: bool,
    deadline: Duration,
) -> Result<Started, ConnectError> {
    let boot = boot(hop, images, &title(), cache).await?;
    let options = Options {
        deadline,
        ..Options::default()
    };
    connect::start(&launch(hop, &boot), images, &options).await
}

/// What another context must be told to start a slave at the end of a hop of its machine.
///
/// # Errors
/// If there is no image.
pub async fn request(
    hop: &dyn Hop,
    images: &Images,
    parent: &Hello,
    cache: bool,
    deadline: Duration,
) -> Result<LaunchChild, ConnectError> {
    // Whom it serves: the process that starts it, as which it recognises its parent.
    let title = connect::title(&user(), &parent.hostname, parent.pid);
    let boot = boot(hop, images, &title, cache).await?;
    Ok(LaunchChild {
        launch: launch(hop, &boot),
        images: boot.images().to_vec(),
        cache,
        deadline_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
    })
}

async fn boot(
    hop: &dyn Hop,
    images: &Images,
    title: &str,
    cache: bool,
) -> Result<Boot, ConnectError> {
    let ids = offer(images).await.map_err(|error| ConnectError {
        hop: hop.to_string(),
        phase: Phase::Image,
        cause: Box::new(Cause::Image(error)),
        said: Vec::new(),
    })?;
    let boot = Boot::new(title, ids);
    Ok(if cache { boot } else { boot.leave_nothing() })
}

async fn offer(images: &Images) -> Result<Vec<ImageId>, connect::ImageError> {
    let images = images.clone();
    let offered: Result<_, BuildError> =
        tokio::task::spawn_blocking(move || images.offer()).await?;
    Ok(offered?)
}

/// Whom the slaves of this process serve.
fn title() -> String {
    let uname = rustix::system::uname();
    let host = uname.nodename().to_string_lossy();
    connect::title(&user(), &host, std::process::id())
}

fn user() -> String {
    let named = |name| std::env::var(name).ok().filter(|user| !user.is_empty());
    let user = named("USER").or_else(|| named("LOGNAME"));
    user.unwrap_or_else(|| rustix::process::geteuid().as_raw().to_string())
}
