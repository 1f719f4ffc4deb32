//! LAUNCH: what to run to get a child context, as data that can travel to the context that must run it.

use super::Hello;
use super::dialogue::Dialogue;
use crate::{ContextId, Digest};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A program to start, whose standard streams will lead to a slave.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Launch {
    /// The hop in the user's words, for messages: `local`, `ssh:web1`.
    pub hop: String,
    /// The program, searched in `PATH`, and its arguments.
    pub argv: Vec<String>,
    /// What its standard streams are.
    pub stdio: Stdio,
    /// What it may ask for before it leads anywhere. None: it asks nothing, and what looks like a question is none.
    pub dialogue: Option<Dialogue>,
    /// What the way to the slave costs.
    pub bandwidth: Bandwidth,
}

/// What the standard streams of a launched program are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stdio {
    /// Three pipes. Questions come on standard error or output, and answers go to standard input.
    Pipe,
    /// Three pipes, and a controlling terminal: programs that take a password from nothing else ask there.
    Terminal,
}

/// Whether packing an image before it is sent saves time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bandwidth {
    /// Bytes cost less than packing and unpacking them: the slave runs on this machine.
    Cheap,
    /// They cost more: there is a network on the way.
    Dear,
}

/// An image that its provider can name without reading it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ImageId {
    /// For which machines, as `uname -m` says: `x86_64`.
    pub machine: String,
    /// SHA-256 of the executable, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its length, in bytes.
    pub size: u64,
    /// Under which digest it can be had as a resource by a context that does not run it itself.
    pub content: Option<Digest>,
}

/// LAUNCH: start a child.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LaunchChild {
    /// What to run.
    pub launch: Launch,
    /// The images that the launch looks for by digest, so that whoever has one can vouch for it.
    pub images: Vec<ImageId>,
    /// May the child keep its image and artifacts on its machine?
    pub cache: bool,
    /// How long it may take up to the child's HELLO, in milliseconds, without what it takes to get the image.
    pub deadline_ms: u64,
}

/// The answer to LAUNCH.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Launched {
    /// The child is there.
    Started {
        /// Its id.
        context: ContextId,
        /// What it said of itself.
        hello: Hello,
        /// The bytes of the image that were sent to it. None: its machine had it.
        sent: Option<u64>,
        /// How long each phase took.
        times: Times,
    },
    /// It is not, and nothing of it is left.
    Failed(LaunchFailure),
}

/// Why a child could not be started.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LaunchFailure {
    /// The hop that failed, in the user's words.
    pub hop: String,
    /// How far it had come.
    pub phase: Phase,
    /// What went wrong, for a program.
    pub kind: FailureKind,
    /// The same for a person.
    pub cause: String,
    /// The last lines that the target said, oldest first.
    pub said: Vec<String>,
}

/// What kind of thing stands in the way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The program of the launch cannot be started.
    NotStarted,
    /// It asks for something that it was not given: this.
    Asked(String),
    /// It asks again for what it was given: that was wrong.
    Refused(String),
    /// It ended by itself, with this exit status, or by a signal.
    Ended(Option<i32>),
    /// The first stage gave up, in this step.
    Stage(String),
    /// Whoever starts the child has no image for a machine of this kind.
    NoImage(String),
    /// The time was over.
    Timeout,
    /// Anything else.
    Other,
}

/// The phases of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Finding and reaching the machine.
    Resolve,
    /// Starting the program that leads to the target.
    Spawn,
    /// Convincing the target of who is there, and of being allowed to.
    Authenticate,
    /// Waiting for what the first stage says, or at once the slave.
    FirstStage,
    /// Getting, sending and installing the slave's image.
    Image,
    /// Exchanging HELLO and WELCOME.
    Hello,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolve",
            Self::Spawn => "spawn",
            Self::Authenticate => "authenticate",
            Self::FirstStage => "first stage",
            Self::Image => "image",
            Self::Hello => "hello",
        })
    }
}

/// How long the phases of a start took, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Times {
    /// Until the program ran.
    pub spawn: u64,
    /// From there until the first stage asks for an image or the slave runs: the way to the target, and being let in.
    pub reach: u64,
    /// Sending and installing the image. None: the target had it.
    pub image: Option<u64>,
    /// From the slave's first line to the whole of its HELLO.
    pub hello: u64,
}
