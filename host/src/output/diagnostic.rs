//! An error in a text that a person wrote, shown the way rustc does: where, the line, what is
//! wrong with it, what would be right.

use super::source::Source;
use super::style::{self, paint};
use std::fmt::Write as _;
use std::ops::Range;

/// A line of the source longer than this is cut around the place of the error.
const WIDTH: usize = 110;

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What kind of text is wrong, as in `error[plan]`.
    pub code: &'static str,
    /// The error in one line.
    pub message: String,
    /// Where, if it is anywhere.
    pub place: Option<Place>,
    /// What else to know.
    pub notes: Vec<Note>,
}

/// A part of a text.
#[derive(Clone, Debug)]
pub struct Place {
    /// The text.
    pub source: Source,
    /// Which bytes of it.
    pub span: Range<usize>,
    /// A few words behind the underline; may be empty.
    pub label: String,
}

/// A line below the source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// A fact: `= expected: option<string>`.
    Fact(&'static str, String),
    /// What to do about it.
    Help(String),
}

impl Diagnostic {
    /// An error without a place.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            place: None,
            notes: Vec::new(),
        }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, source: &Source, span: Range<usize>, label: impl Into<String>) -> Self {
        self.place = Some(Place {
            source: source.clone(),
            span,
            label: label.into(),
        });
        self
    }

    /// Adds a fact, such as `expected`.
    #[must_use]
    pub fn fact(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.notes.push(Note::Fact(name, text.into()));
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.notes.push(Note::Help(text.into()));
        self
    }

    /// Adds advice, if there is some.
    #[must_use]
    pub fn maybe_help(self, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.help(text),
            None => self,
        }
    }

    /// Where it is in its text, to sort by.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.place.as_ref().map_or(0, |place| place.span.start)
    }

    /// All of it on one line, where there is room for no more: `deploy.toml:4:33: what is wrong`.
    #[must_use]
    pub fn one_line(&self) -> String {
        let mut out = match &self.place {
            Some(Place { source, span, .. }) => {
                let position = source.position(span.start);
                format!("{}:{}:{}: ", source.name(), position.line, position.column)
            }
            None => String::new(),
        };
        out.push_str(&self.message);
        for note in &self.notes {
            // Writing to a String does not fail.
            let _ = match note {
                Note::Fact(name, text) => write!(out, "; {name} {text}"),
                Note::Help(text) => write!(out, "; {text}"),
            };
        }
        out
    }

    /// Several lines with escapes for colours, the last one ended.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = format!(
            "{}{}\n",
            paint(style::ERROR, &format!("error[{}]", self.code)),
            paint(style::STRONG, &format!(": {}", self.message)),
        );
        let mut margin = 1;
        if let Some(place) = &self.place {
            margin = place.number().len();
            place.render(&mut out);
        }
        let bar = paint(style::FRAME, &format!("{:margin$} =", ""));
        for note in &self.notes {
            // Writing to a String does not fail.
            let _ = match note {
                Note::Fact(name, text) => writeln!(out, "{bar} {name}: {text}"),
                Note::Help(text) => writeln!(out, "{bar} {}: {text}", paint(style::HELP, "help")),
            };
        }
        out
    }
}

impl Place {
    fn number(&self) -> String {
        self.source.position(self.span.start).line.to_string()
    }

    fn render(&self, out: &mut String) {
        let (position, number) = (self.source.position(self.span.start), self.number());
        let margin = number.len();
        let excerpt = Excerpt::new(&self.source, &self.span);
        let under = format!("{} {}", "^".repeat(excerpt.under), self.label);
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "{} {}:{}:{}\n{}\n{} {}\n{} {}{}",
            paint(style::FRAME, &format!("{:margin$}-->", "")),
            self.source.name(),
            position.line,
            position.column,
            paint(style::FRAME, &format!("{:margin$} |", "")),
            paint(style::FRAME, &format!("{number} |")),
            excerpt.line,
            paint(style::FRAME, &format!("{:margin$} |", "")),
            " ".repeat(excerpt.before),
            paint(style::ERROR, under.trim_end()),
        );
    }
}

/// The line to show: tabs are blanks in it, and only what is near the error is left of a long one.
struct Excerpt {
    line: String,
    /// Characters left of the error.
    before: usize,
    /// Characters of the error, at least one.
    under: usize,
}

impl Excerpt {
    fn new(source: &Source, span: &Range<usize>) -> Self {
        let (line, start) = source.line(span.start);
        let shown = |text: &str| {
            let text = text.replace('\t', "    ");
            text.chars()
                .map(|c| if c.is_control() { '\u{fffd}' } else { c })
                .collect::<Vec<_>>()
        };
        let from = line.floor_char_boundary(span.start.saturating_sub(start));
        let to = line.ceil_char_boundary(span.end.saturating_sub(start));
        let to = to.clamp(from, line.len());
        let (mut left, error, right) = (
            shown(&line[..from]),
            shown(&line[from..to]),
            shown(&line[to..]),
        );
        let room = WIDTH.saturating_sub(error.len());
        if left.len() + right.len() > room && left.len() > room / 2 {
            left.drain(..left.len() - room / 2);
            left.insert(0, '…');
        }
        let before = left.len();
        let mut line: Vec<char> = left.into_iter().chain(error.iter().copied()).collect();
        let room = (WIDTH + 1).saturating_sub(line.len());
        if right.len() > room {
            line.extend(&right[..room]);
            line.push('…');
        } else {
            line.extend(right);
        }
        Self {
            line: line.into_iter().collect::<String>().trim_end().to_owned(),
            before,
            under: error.len().max(1),
        }
    }
}
