//! Hears the questions of a program that leads to a target, and answers them.

mod pending;
#[cfg(test)]
mod tests;

pub(crate) use pending::Pending;

use crate::{Cause, Dialogue};
use broker::stream;
use pending::Lines;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// A line that ends in a colon is a question if nothing comes after it for so long.
const QUIET: Duration = Duration::from_millis(150);

/// The same if there is no answer: what is only slow must not be taken for a question that ends the start.
const LONG_QUIET: Duration = Duration::from_secs(3);

/// One conversation, up to the first word of the first stage: what asks later is not answered.
pub(crate) struct Interview {
    dialogue: Dialogue,
    /// The unended lines. Held here, so that waiting for a change cannot fail.
    lines: watch::Sender<Lines>,
    changes: watch::Receiver<Lines>,
    /// Which answers were given, beside those of the dialogue.
    given: Vec<bool>,
    /// Where answers go. None: to the program's standard input.
    terminal: Option<pipe::Sender>,
}

impl Interview {
    /// Hears the stream, and the other one of its pair.
    pub(crate) fn new(
        dialogue: Dialogue,
        pending: &Pending,
        terminal: Option<OwnedFd>,
    ) -> Result<Self, Cause> {
        let lines = pending.lines().clone();
        Ok(Self {
            given: vec![false; dialogue.answers.len()],
            dialogue,
            changes: lines.subscribe(),
            lines,
            terminal: terminal
                .map(stream::writer)
                .transpose()
                .map_err(Cause::Io)?,
        })
    }

    /// The next question. May be dropped and called again.
    pub(crate) async fn question(&mut self) -> String {
        loop {
            let lines = self.changes.borrow_and_update().clone();
            let unended = lines.iter().flatten();
            let times = unended
                .filter_map(|line| Some((line.since + self.patience(&line.text)?, line.clone())));
            let first = times.min_by_key(|(at, _)| *at);
            match first {
                Some((at, line)) if at <= Instant::now() => {
                    // Once only, unless something comes after it.
                    pending::take(&self.lines, &line);
                    return line.text;
                }
                // Its sender is held here.
                Some((at, _)) => drop(timeout_at(at, self.changes.changed()).await),
                None => drop(self.changes.changed().await),
            }
        }
    }

    /// How long it must be quiet after a line until it is a question. None: it is none.
    fn patience(&self, line: &str) -> Option<Duration> {
        if self.is_marked(line) {
            return Some(Duration::ZERO);
        }
        let answered = || self.fitting(line).is_some_and(|at| !self.given[at]);
        looks_like_question(line).then(|| if answered() { QUIET } else { LONG_QUIET })
    }

    fn is_marked(&self, line: &str) -> bool {
        let mark = self.dialogue.prompt.as_ref();
        mark.is_some_and(|mark| line.ends_with(mark.as_str()))
    }

    /// The number of the answer to a question. Where there is a mark, nothing else is answered.
    fn fitting(&self, question: &str) -> Option<usize> {
        if self.dialogue.prompt.is_some() && !self.is_marked(question) {
            return None;
        }
        let mut answers = self.dialogue.answers.iter();
        answers.position(|answer| answer.to.iter().any(|form| form.fits(question)))
    }

    /// Answers a question.
    pub(crate) async fn answer(
        &mut self,
        question: &str,
        stdin: &mut pipe::Sender,
    ) -> Result<(), Cause> {
        let reply = self.choose(question)?;
        if reply.chars().any(char::is_control) {
            // A second line would be read by whatever comes after, and a terminal takes some for keys.
            let why = "what there is to answer holds a control character";
            return Err(Cause::Protocol(why.to_owned()));
        }
        let line = format!("{reply}\n");
        let to = self.terminal.as_mut().unwrap_or(stdin);
        // If it has ended meanwhile, its streams tell how.
        let _ = to.write_all(line.as_bytes()).await;
        Ok(())
    }

    fn choose(&mut self, question: &str) -> Result<String, Cause> {
        let asked = question.trim().to_owned();
        let Some(at) = self.fitting(question) else {
            return Err(Cause::Asked(asked));
        };
        if std::mem::replace(&mut self.given[at], true) {
            return Err(Cause::Refused(asked));
        }
        Ok(self.dialogue.answers[at].reply.0.clone())
    }
}

/// An ASCII colon or a full-width one, as Chinese and Japanese have it.
fn looks_like_question(line: &str) -> bool {
    let line = line.trim_end();
    line.ends_with(':') || line.ends_with('\u{ff1a}') || line.ends_with("(yes/no/[fingerprint])?")
}
