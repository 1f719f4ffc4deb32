//! FORWARD_LOG: what slaves and guests have to say reaches the master.

use serde::{Deserialize, Serialize};

/// How much a record matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// For whoever follows each step.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Wrong, but the work goes on.
    Warn,
    /// The work failed.
    Error,
}

/// One record of a log. The context that it comes from is the `src` of its frame.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogRecord {
    /// The module whose guest speaks; none when the slave itself does.
    pub module: Option<String>,
    /// How much it matters.
    pub level: Level,
    /// Which part speaks: `stdout`, `stderr`, `progress`, or a target that the guest chose.
    pub target: String,
    /// One line, without its end.
    pub text: String,
}
