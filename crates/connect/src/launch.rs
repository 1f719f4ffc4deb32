//! What to run to get a child context, as data that can travel to the context that must run it.

use serde::{Deserialize, Serialize};

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
#[non_exhaustive]
pub enum Stdio {
    /// Three pipes.
    Pipe,
}

/// Whether packing an image before it is sent saves time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Bandwidth {
    /// Bytes cost less than packing and unpacking them: the slave runs on this machine.
    Cheap,
    /// They cost more: there is a network on the way.
    Dear,
}
