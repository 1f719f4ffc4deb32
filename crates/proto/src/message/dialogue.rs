//! What a program that leads to a target may ask for, and what it is told.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What is known of the questions of a program that leads to a target: `ssh`, `sudo`, `su`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Dialogue {
    /// What ends a question for sure, if the program lets us choose. Without it, a line that ends in a colon instead of a
    /// newline is a question, whatever the language, once nothing comes after it.
    pub prompt: Option<String>,
    /// What may be answered. The first one that fits is taken, and each is given once.
    pub answers: Vec<Answer>,
}

/// What a program is told when it asks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// It answers questions that contain this, in whatever case. Empty: all.
    pub about: String,
    /// What to say, without the end of the line.
    pub reply: Secret,
}

/// Something that nobody shall read in a log. It travels as plain text, in messages to whoever needs it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
