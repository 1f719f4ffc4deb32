//! What a program that leads to a target may ask for, and what it is told.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What is known of the questions of a program that leads to a target: `ssh`, `sudo`, `su`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Dialogue {
    /// What ends a question for sure, if the program lets us choose: then nothing else is answered. Without it, a line that
    /// ends in a colon instead of a newline is a question, whatever the language, once nothing comes after it.
    pub prompt: Option<String>,
    /// Is root asked, too? `su` does not: where root starts it, what looks like a question is none.
    pub of_root: bool,
    /// What may be answered. The first one that fits is taken, and each is given once.
    pub answers: Vec<Answer>,
}

/// What a program is told when it asks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// It answers questions of any of these forms.
    pub to: Vec<Form>,
    /// What to say, without the end of the line.
    pub reply: Secret,
}

/// How a question begins and how it ends, without the blanks around it. What is empty fits all.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Form {
    /// Its first words.
    pub starts: String,
    /// Its last words.
    pub ends: String,
}

impl Form {
    /// Does a question have this form?
    #[must_use]
    pub fn fits(&self, question: &str) -> bool {
        let question = question.trim();
        question.starts_with(&self.starts) && question.ends_with(&self.ends)
    }
}

/// Something that nobody shall read in a log. It travels as plain text, in messages to whoever needs it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
