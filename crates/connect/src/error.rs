//! Why there is no connection: at which hop, in which phase, what the target said.

use crate::{Exit, ImageError, Tail};
use proto::message::{CompatibilityId, Dead, LaunchFailure, Phase};
use proto::{BodyError, FrameError};
use std::time::Duration;

/// A connection that did not come about. Nothing of it is left: its process has ended or is being ended.
#[derive(Debug, thiserror::Error)]
#[error("{hop}: {phase}: {cause}{}", last(said))]
pub struct ConnectError {
    /// The hop that failed, in the user's words.
    pub hop: String,
    /// How far it had come.
    pub phase: Phase,
    /// What went wrong.
    pub cause: Box<Cause>,
    /// The last lines of the target's standard error, and of what it printed before our first
    /// line. Oldest first.
    pub said: Vec<String>,
}

/// What ended the attempt.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The program could not be started.
    #[error("cannot start `{program}`: {error}")]
    Spawn {
        /// The first word of the launch.
        program: String,
        /// The system's word on it.
        error: std::io::Error,
    },
    /// A pipe failed.
    #[error("{0}")]
    Io(std::io::Error),
    /// The stream ended too early.
    #[error("it ended ({0}) before the slave was ready")]
    Ended(Exit),
    /// The first stage gave up.
    #[error("{text} ({step})")]
    Stage {
        /// Its word for what it was doing: `cache`, `transfer`, `digest`, `install`, `start`.
        step: String,
        /// Its explanation.
        text: String,
    },
    /// There are images for Linux only.
    #[error("no slave image for {system} on {machine}")]
    Unsupported {
        /// `uname -s` of the target.
        system: String,
        /// `uname -m` of the target.
        machine: String,
    },
    /// The provider has no image.
    #[error("{0}")]
    Image(ImageError),
    /// No sign of the first stage in 64 KiB of output.
    #[error("the target prints too much before the first stage's line")]
    Noise,
    /// Something that this version does not expect at this point.
    #[error("unexpected: {0}")]
    Protocol(String),
    /// The first frame is malformed.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// HELLO or WELCOME cannot be read or written.
    #[error("{0}")]
    Body(#[from] BodyError),
    /// The slave is of another build: it does not take the machine code that this process makes.
    #[error("the slave (version {version}) takes machine code of {}, this program makes {}", theirs.0, ours.0)]
    Incompatible {
        /// The slave's version.
        version: String,
        /// What it takes.
        theirs: CompatibilityId,
        /// What this process makes.
        ours: CompatibilityId,
    },
    /// Another context made the attempt, and says this.
    #[error("{0}")]
    Remote(String),
    /// The way to the context that makes the attempt.
    #[error("{0}")]
    Way(#[from] Dead),
    /// The time for the whole of it is over.
    #[error("timed out after {} s", .0.as_secs_f32())]
    Timeout(Duration),
}

/// Characters of a hop's name, and of a cause, that travel.
const MAX_TEXT: usize = 4 << 10;

impl From<ConnectError> for LaunchFailure {
    fn from(error: ConnectError) -> Self {
        Self {
            hop: short(&error.hop),
            phase: error.phase,
            cause: short(&error.cause.to_string()),
            said: Tail::of(&error.said).lines(),
        }
    }
}

impl From<LaunchFailure> for ConnectError {
    /// What comes from another context is bounded again: it may not be ours.
    fn from(failure: LaunchFailure) -> Self {
        Self {
            hop: short(&failure.hop),
            phase: failure.phase,
            cause: Box::new(Cause::Remote(short(&failure.cause))),
            said: Tail::of(&failure.said).lines(),
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

fn last(said: &[String]) -> String {
    said.last()
        .map_or_else(String::new, |line| format!("; it said: {line}"))
}
