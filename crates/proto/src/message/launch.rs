//! LAUNCH: what to run to get a child context, as data that can travel to the context that must run it.

use super::Hello;
use crate::ContextId;
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
    /// What the way to the slave costs.
    pub bandwidth: Bandwidth,
}

/// What the standard streams of a launched program are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stdio {
    /// Three pipes.
    Pipe,
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
    /// How long it may take up to the child's HELLO, in milliseconds.
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
    /// What went wrong, for a person.
    pub cause: String,
    /// The last lines that the target said, oldest first.
    pub said: Vec<String>,
}

/// The phases of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
