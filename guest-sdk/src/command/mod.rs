//! Running programs of the machine. Each needs a grant for exactly what is asked: argument vector, variables,
//! working directory and standard input. A task declares them by the types of `zymogen:task/grants`.

pub mod process;

use crate::bindings::zymogen::task::command::Error;
use crate::{Failure, FailureKind};

pub use crate::bindings::zymogen::task::command::{Chunk, Finished, Request, Status};
pub use process::{Line, Process};

impl Request {
    /// A program and its arguments: no standard input, an empty environment, working directory `/`,
    /// no time limit of its own, and not logged line by line.
    #[must_use]
    pub fn new(argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            stdin: Vec::new(),
            env: Vec::new(),
            cwd: None,
            timeout_ms: None,
            live: false,
        }
    }
}

/// Runs the program and waits for its end. Whatever its status is, that is no failure here.
///
/// # Errors
/// When it is not granted, could not be started, or printed too much.
pub fn run(request: &Request) -> Result<Finished, Failure> {
    crate::host::command::run(request).map_err(|error| failed(&line(&request.argv), error))
}

/// The command as a person would type it, for messages: words with anything unusual in them are quoted.
#[must_use]
pub fn line(argv: &[String]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&byte);
    let words: Vec<String> = argv
        .iter()
        .map(|word| {
            if !word.is_empty() && word.bytes().all(plain) {
                word.clone()
            } else {
                format!("'{}'", word.replace('\'', r"'\''"))
            }
        })
        .collect();
    words.join(" ")
}

fn failed(line: &str, error: Error) -> Failure {
    let (kind, why) = match error {
        Error::Denied(text) => (FailureKind::Denied, text),
        Error::NotFound(text) => (FailureKind::NotFound, text),
        Error::TooMuchOutput(limit) => (
            FailureKind::CommandFailed,
            format!("it printed more than {limit} bytes and was killed"),
        ),
        Error::Io(text) => (FailureKind::Io, text),
    };
    Failure::new(kind, format!("cannot run `{line}`: {why}"))
}

#[cfg(test)]
mod tests;
