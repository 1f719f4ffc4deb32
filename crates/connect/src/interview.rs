//! Hears the questions of a program that leads to a target, and answers them.

use crate::{Cause, Dialogue};
use broker::stream;
use proto::message::Answer;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::watch;
use tokio::time::timeout;

/// A line that ends in a colon is a question if nothing comes after it for so long.
const QUIET: Duration = Duration::from_millis(150);

/// More of a question is not kept, in bytes.
const MAX_QUESTION: usize = 200;

/// Where the streams of a program put the line that has no end yet.
#[derive(Clone, Debug)]
pub(crate) struct Pending(watch::Sender<String>);

impl Pending {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(String::new()))
    }

    /// What stands in the line now that something was read. The same again is asked again.
    pub(crate) fn set(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(&line[line.len().saturating_sub(MAX_QUESTION)..]);
        self.0.send_replace(line.into_owned());
    }
}

/// One conversation, up to the first line of the first stage: what asks later is not answered.
pub(crate) struct Interview {
    dialogue: Dialogue,
    pending: watch::Receiver<String>,
    /// Keeps the way open, so that waiting for a change cannot fail.
    _open: Pending,
    /// The line that stands there was taken as a question.
    heard: bool,
    /// Which answers were given, beside those of the dialogue.
    given: Vec<bool>,
    /// Where answers go. None: to the program's standard input.
    terminal: Option<pipe::Sender>,
}

impl Interview {
    pub(crate) fn new(
        dialogue: Dialogue,
        pending: &Pending,
        terminal: Option<OwnedFd>,
    ) -> Result<Self, Cause> {
        Ok(Self {
            heard: false,
            given: vec![false; dialogue.answers.len()],
            dialogue,
            pending: pending.0.subscribe(),
            _open: pending.clone(),
            terminal: terminal
                .map(stream::writer)
                .transpose()
                .map_err(Cause::Io)?,
        })
    }

    /// The next question. May be dropped and called again.
    pub(crate) async fn question(&mut self) -> String {
        loop {
            if self.heard {
                self.change().await;
                self.heard = false;
            }
            let line = self.pending.borrow_and_update().clone();
            let sure = self.dialogue.prompt.as_ref();
            let sure = sure.is_some_and(|prompt| line.ends_with(prompt.as_str()));
            self.heard = true;
            if sure || (looks_like_question(&line) && self.quiet().await) {
                return line;
            }
        }
    }

    async fn change(&mut self) {
        // Its sender is held here.
        let _ = self.pending.changed().await;
    }

    async fn quiet(&mut self) -> bool {
        let changed = timeout(QUIET, self.change()).await.is_ok();
        if changed {
            // It is news to the next round.
            self.pending.mark_changed();
        }
        !changed
    }

    /// Answers a question.
    pub(crate) async fn answer(
        &mut self,
        question: &str,
        stdin: &mut pipe::Sender,
    ) -> Result<(), Cause> {
        let reply = self.choose(question.trim())?;
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
        let lower = question.to_lowercase();
        let fits = |answer: &Answer| lower.contains(&answer.about.to_lowercase());
        let answers = self.dialogue.answers.iter().zip(&mut self.given);
        let mut fitting = answers.filter(|(answer, _)| fits(answer));
        match fitting.next() {
            None => Err(Cause::Asked(question.to_owned())),
            Some((_, given)) if *given => Err(Cause::Refused(question.to_owned())),
            Some((answer, given)) => {
                *given = true;
                Ok(answer.reply.0.clone())
            }
        }
    }
}

/// An ASCII colon or a full-width one, as Chinese and Japanese have it.
fn looks_like_question(line: &str) -> bool {
    let line = line.trim_end();
    line.ends_with(':') || line.ends_with('\u{ff1a}') || line.ends_with("(yes/no/[fingerprint])?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::message::Secret;

    fn interview(answers: &[(&str, &str)]) -> (Pending, Interview) {
        let answers = answers.iter().map(|(about, reply)| Answer {
            about: (*about).to_owned(),
            reply: Secret((*reply).to_owned()),
        });
        let dialogue = Dialogue {
            prompt: Some("[mark]".to_owned()),
            answers: answers.collect(),
        };
        let pending = Pending::new();
        let interview = Interview::new(dialogue, &pending, None).expect("an interview");
        (pending, interview)
    }

    #[tokio::test(start_paused = true)]
    async fn a_colon_is_a_question_once_it_is_quiet() {
        let (pending, mut asks) = interview(&[]);
        pending.set(b"these three things:");
        assert!(timeout(QUIET / 2, asks.question()).await.is_err());
        pending.set(b"");
        assert!(timeout(QUIET * 9, asks.question()).await.is_err());
        for asked in [
            "Passwort: ",
            "\u{30d1}\u{30b9}\u{30ef}\u{30fc}\u{30c9}\u{ff1a}",
        ] {
            pending.set(asked.as_bytes());
            assert_eq!(asks.question().await, asked);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_mark_is_a_question_at_once() {
        let (pending, mut interview) = interview(&[]);
        pending.set(b"say it [mark]");
        let now = tokio::time::Instant::now();
        assert_eq!(interview.question().await, "say it [mark]");
        assert_eq!(now.elapsed(), Duration::ZERO);
    }

    #[test]
    fn each_answer_is_given_once_and_to_what_it_is_about() {
        let (_, mut interview) = interview(&[("passphrase", "p"), ("", "w")]);
        let mut choose = |question| {
            interview
                .choose(question)
                .map_err(|cause| cause.to_string())
        };
        assert_eq!(choose("Enter Passphrase for key: "), Ok("p".to_owned()));
        assert_eq!(choose("Password:"), Ok("w".to_owned()));
        assert!(choose("Password:").is_err_and(|why| why.contains("not accepted")));
        let (_, mut other) = self::interview(&[("passphrase", "p")]);
        let asked = other.choose("Verification code:");
        assert!(matches!(asked, Err(Cause::Asked(question)) if question == "Verification code:"));
    }
}
