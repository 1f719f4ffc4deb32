//! What guests and slaves say, as lines for a person.

use super::style::{self, paint};
use super::text::printable;
use proto::message::Level;
use std::fmt::Write as _;

/// One record, and the words in front of each of its lines.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Where, if that is worth saying.
    pub context: Option<&'a str>,
    /// Which module; none for the slave itself.
    pub module: Option<&'a str>,
    /// How much it matters.
    pub level: Level,
    /// Which part speaks.
    pub target: &'a str,
    /// What, perhaps in several lines.
    pub text: &'a str,
}

impl Line<'_> {
    /// Shall a person see it who asked for so many `-v`?
    ///
    /// What a guest prints counts as its result's company and is always shown; a slave's own notes
    /// are for those who look for a fault.
    #[must_use]
    pub fn is_wanted(&self, verbosity: u8) -> bool {
        let quietest = match (self.module, verbosity) {
            (Some(_), 0) => Level::Info,
            (None, 0) => Level::Warn,
            (None, 1) => Level::Info,
            (Some(_), 1) | (None, 2) => Level::Debug,
            _ => Level::Trace,
        };
        self.level >= quietest
    }

    /// `local file stdout: text`, a line for each line of the text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut head = String::new();
        for part in [self.context, Some(self.module.unwrap_or("slave")), {
            Some(self.target).filter(|target| !target.is_empty())
        }]
        .into_iter()
        .flatten()
        {
            head.push_str(if head.is_empty() { "" } else { " " });
            head.push_str(&printable(part));
        }
        let (word, style) = match self.level {
            Level::Error => ("error: ", style::ERROR),
            Level::Warn => ("warning: ", style::WARNING),
            _ => ("", style::DIM),
        };
        let head = paint(style::DIM, &format!("{head}: "));
        let word = paint(style, word);
        let mut out = String::new();
        // A record without text is an empty line of its guest.
        let lines = if self.text.is_empty() {
            "\n"
        } else {
            self.text
        };
        for line in lines.lines() {
            // Writing to a String does not fail.
            let _ = writeln!(
                out,
                "{head}{word}{}",
                printable(line.trim_end_matches('\r'))
            );
        }
        out
    }
}
