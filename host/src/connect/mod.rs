//! The ways to a context: `local`, `ssh`, `sudo`, `docker` and their friends, one file each.
//!
//! A method makes plain data of the user's words, a [`connect::Launch`]; the crate `connect` runs it. This
//! module does not start anything itself.
//!
//! | file | what |
//! |---|---|
//! | [`spec`] | a context in the user's words: steps, each with a method |
//! | `argument` | what follows a method's name |
//! | [`credential`] | where passwords come from |
//! | [`advice`] | what it means that a program ends as it does |
//! | [`failure`] | a failed start with that meaning |

pub mod advice;
mod argument;
mod chroot;
pub mod credential;
mod doas;
mod docker;
mod failure;
mod incus;
mod kubectl;
mod local;
mod lxc;
mod nsenter;
pub mod spec;
mod ssh;
mod su;
mod sudo;

#[cfg(test)]
mod tests;

pub use advice::{Advice, Failure, Sign};
use argument::Argument;
pub use credential::{Credential, CredentialError, Vault};
pub use failure::explained;
pub use spec::{ContextSpec, SpecError, Step};

use crate::build::{BuildError, Images};
use connect::{
    Answer, Bandwidth, Boot, Cause, ConnectError, Dialogue, Form, ImageId, Launch, Options, Phase,
    Started, Stdio,
};
use proto::message::{Hello, LaunchChild};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One step on the way to a context. It is data: what it yields is run elsewhere, perhaps on another machine.
pub trait Hop: fmt::Debug + Send + Sync {
    /// The program that runs the first stage at the end of this hop, and its arguments.
    fn argv(&self, boot: &Boot) -> Vec<String>;

    /// What sending an image over it costs.
    fn bandwidth(&self) -> Bandwidth {
        Bandwidth::Dear
    }

    /// What the program's standard streams are.
    fn stdio(&self) -> Stdio {
        Stdio::Pipe
    }

    /// What the program may ask. None: nothing, whatever it prints.
    fn questions(&self) -> Option<Questions<'_>> {
        None
    }

    /// What the program says if something is wrong, and what to do then.
    fn signs(&self) -> &'static [Sign] {
        &[]
    }

    /// What a failure means, beyond its signs.
    fn advise(&self, _failure: &Failure<'_>) -> Option<Advice> {
        None
    }
}

/// What a program may ask, and where the answers come from.
#[derive(Clone, Debug, Default)]
pub struct Questions<'a> {
    /// What ends a question for sure: then nothing else is answered.
    pub prompt: Option<&'static str>,
    /// Is root asked, too?
    pub of_root: bool,
    /// The first that fits a question is taken.
    pub answers: Vec<Reply<'a>>,
}

/// An answer that a hop has.
#[derive(Clone, Debug)]
pub struct Reply<'a> {
    /// What it is, and the option that says where it comes from: `password`.
    pub what: &'static str,
    /// The forms of the questions that it answers.
    pub to: Vec<Form>,
    /// Where it comes from.
    pub credential: &'a Credential,
}

impl<'a> Reply<'a> {
    /// The password of a program that asks for nothing else, in whatever words.
    fn password(credential: &'a Credential) -> Self {
        Self {
            what: "password",
            to: vec![Form::default()],
            credential,
        }
    }
}

/// What starting contexts needs, beside the way to them.
#[derive(Clone)]
pub struct Means {
    /// The slave's images.
    pub images: Arc<Images>,
    /// Passwords.
    pub vault: Arc<Vault>,
    /// May a slave keep its image where it runs?
    pub cache: bool,
    /// How long a start may take, without what it takes to build an image.
    pub deadline: Duration,
}

/// The data that starts a context at the end of a hop.
#[must_use]
pub fn launch(step: &Step, boot: &Boot, dialogue: Option<Dialogue>) -> Launch {
    let hop = step.hop();
    Launch {
        hop: step.name().to_owned(),
        argv: hop.argv(boot),
        stdio: hop.stdio(),
        dialogue,
        bandwidth: hop.bandwidth(),
    }
}

/// Starts a slave at the end of a hop of this machine, up to its HELLO.
///
/// # Errors
/// If there is no image, or the slave does not come up.
pub async fn start(step: &Step, means: &Means) -> Result<Started, ConnectError> {
    let boot = boot(step, means, &title()).await?;
    let launch = launch(step, &boot, dialogue(step, means).await?);
    let options = Options {
        deadline: means.deadline,
        withheld: means.vault.variables(),
        ..Options::default()
    };
    let started = connect::start(&launch, &*means.images, &options).await;
    started.map_err(|error| explained(error, step))
}

/// What another context must be told to start a slave at the end of a hop of its machine.
///
/// # Errors
/// If there is no image, or no password where it should be.
pub async fn request(
    step: &Step,
    means: &Means,
    parent: &Hello,
) -> Result<LaunchChild, ConnectError> {
    // Whom it serves: the process that starts it, as which it recognises its parent.
    let title = connect::title(&user(), &parent.hostname, parent.pid);
    let boot = boot(step, means, &title).await?;
    Ok(LaunchChild {
        launch: launch(step, &boot, dialogue(step, means).await?),
        images: boot.images().to_vec(),
        cache: means.cache,
        deadline_ms: u64::try_from(means.deadline.as_millis()).unwrap_or(u64::MAX),
    })
}

async fn boot(step: &Step, means: &Means, title: &str) -> Result<Boot, ConnectError> {
    let ids = offer(&means.images).await.map_err(|error| {
        let machine = String::new();
        failure::before(step, Phase::Image, Cause::Image { machine, error })
    })?;
    let boot = Boot::new(title, ids);
    Ok(if means.cache {
        boot
    } else {
        boot.leave_nothing()
    })
}

async fn offer(images: &Images) -> Result<Vec<ImageId>, connect::ImageError> {
    let images = images.clone();
    let offered: Result<_, BuildError> =
        tokio::task::spawn_blocking(move || images.offer()).await?;
    Ok(offered?)
}

/// The answers to what the program of a hop may ask. They belong to this hop: no other one gets them.
async fn dialogue(step: &Step, means: &Means) -> Result<Option<Dialogue>, ConnectError> {
    if step.hop().questions().is_none() {
        return Ok(None);
    }
    let (step, vault) = (step.clone(), means.vault.clone());
    let failed = step.clone();
    let read = tokio::task::spawn_blocking(move || answers(&step, &vault)).await;
    let failed = |why: String| failure::before(&failed, Phase::Authenticate, Cause::Protocol(why));
    match read {
        Ok(dialogue) => dialogue.map_err(|error| failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Fetches the answers that belong to a hop. Blocks if somebody has to be asked.
///
/// # Errors
/// If one is not where it should be.
pub fn answers(step: &Step, vault: &Vault) -> Result<Option<Dialogue>, CredentialError> {
    let Some(questions) = step.hop().questions() else {
        return Ok(None);
    };
    let mut answers = Vec::new();
    for answer in questions.answers {
        let purpose = format!("the {} of {}", answer.what, step.name());
        answers.push(Answer {
            to: answer.to,
            reply: vault.get(&purpose, answer.credential)?,
        });
    }
    Ok(Some(Dialogue {
        prompt: questions.prompt.map(str::to_owned),
        of_root: questions.of_root,
        answers,
    }))
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
