//! Why there is no connection: at which hop, in which phase, what the target said.

use crate::{Exit, ImageError};
use proto::message::CompatibilityId;
use proto::{BodyError, FrameError};
use std::fmt;
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

/// The phases of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Starting the program that leads to the target.
    Spawn,
    /// Reaching the target and waiting for the first stage's line, or at once the slave's.
    FirstStage,
    /// Getting, sending and installing the slave's image.
    Image,
    /// Exchanging HELLO and WELCOME.
    Hello,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spawn => "spawn",
            Self::FirstStage => "first stage",
            Self::Image => "image",
            Self::Hello => "hello",
        })
    }
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
    /// The time for the whole of it is over.
    #[error("timed out after {} s", .0.as_secs_f32())]
    Timeout(Duration),
}

fn last(said: &[String]) -> String {
    said.last()
        .map_or_else(String::new, |line| format!("; it said: {line}"))
}
