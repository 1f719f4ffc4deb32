//! Why there is no connection: at which hop, in which phase, what the target said.

use crate::{Exit, ImageError, Tail};
use proto::message::{CompatibilityId, Dead, FailureKind, LaunchFailure, Phase};
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
    /// What to try, if somebody knows. Nobody does here: whoever made the launch may.
    pub hint: Option<String>,
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
    /// There is no terminal to be had for it.
    #[error("it needs a terminal, and there is none: {0}")]
    Terminal(std::io::Error),
    /// The program asks for something that it was not given.
    #[error("it asks `{0}`, and was given no answer")]
    Asked(String),
    /// The program asks again for what it was given.
    #[error("it asks `{0}` again: what it was given was not accepted")]
    Refused(String),
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
    /// The provider has no image for the target.
    #[error("{error}")]
    Image {
        /// `uname -m` of the target. Empty: none was asked for yet.
        machine: String,
        /// The provider's own error.
        error: ImageError,
    },
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
    #[error("{text}")]
    Remote {
        /// For a program.
        kind: FailureKind,
        /// For a person.
        text: String,
    },
    /// The way to the context that makes the attempt.
    #[error("{0}")]
    Way(#[from] Dead),
    /// The time for the whole of it is over.
    #[error("timed out after {} s", .0.as_secs_f32())]
    Timeout(Duration),
}

impl Cause {
    /// What kind of thing it is.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Spawn { .. } => FailureKind::NotStarted,
            Self::Asked(question) => FailureKind::Asked(short(question)),
            Self::Refused(question) => FailureKind::Refused(short(question)),
            Self::Ended(Exit::Code(code)) => FailureKind::Ended(Some(*code)),
            Self::Ended(_) => FailureKind::Ended(None),
            Self::Stage { step, .. } => FailureKind::Stage(short(step)),
            Self::Image { machine, .. } if !machine.is_empty() => {
                FailureKind::NoImage(short(machine))
            }
            Self::Timeout(_) => FailureKind::Timeout,
            Self::Remote { kind, .. } => kind.clone(),
            _ => FailureKind::Other,
        }
    }
}

/// Characters of a hop's name, and of a cause, that travel.
const MAX_TEXT: usize = 4 << 10;

impl From<ConnectError> for LaunchFailure {
    fn from(error: ConnectError) -> Self {
        Self {
            hop: short(&error.hop),
            phase: error.phase,
            kind: error.cause.kind(),
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
            cause: Box::new(Cause::Remote {
                kind: bounded(failure.kind),
                text: short(&failure.cause),
            }),
            said: Tail::of(&failure.said).lines(),
            hint: None,
        }
    }
}

fn bounded(kind: FailureKind) -> FailureKind {
    match kind {
        FailureKind::Asked(question) => FailureKind::Asked(short(&question)),
        FailureKind::Refused(question) => FailureKind::Refused(short(&question)),
        FailureKind::Stage(step) => FailureKind::Stage(short(&step)),
        FailureKind::NoImage(machine) => FailureKind::NoImage(short(&machine)),
        other => other,
    }
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// Characters of the last line at its beginning, and again at its end, that are shown in one line: sudo quotes the whole
/// first stage.
const SHOWN: usize = 160;

fn last(said: &[String]) -> String {
    let Some(line) = said.last() else {
        return String::new();
    };
    let length = line.chars().count();
    if length <= 2 * SHOWN {
        return format!("; it said: {line}");
    }
    let begin: String = line.chars().take(SHOWN).collect();
    let end: String = line.chars().skip(length - SHOWN).collect();
    format!("; it said: {begin} ... {end}")
}
