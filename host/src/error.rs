//! The one place that knows how errors end the program: which exit status, and which advice.
//!
//! The errors of the other modules say what happened; [`convert`] turns each into an [`Error`], by its kind. [`fate`]
//! does so with what became of a call.

mod convert;
mod fate;

pub use fate::Fate;

use crate::output::Diagnostic;
use crate::output::style::{self, paint};
use crate::output::text::{count, printable};
use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

/// Lines of what was said that are shown.
const SAID: usize = 6;

/// How the program ends. The numbers are a promise to scripts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// All is well.
    Done = 0,
    /// An error in the plan, an argument or a module, before any host was touched.
    Input = 1,
    /// Changes are pending, and the caller asked to be told so.
    Pending = 2,
    /// A task or a call failed.
    Failed = 3,
    /// A host was unreachable, or went away.
    Unreachable = 4,
    /// Something was denied by the policy.
    Denied = 5,
    /// The command line itself is wrong.
    Usage = 64,
    /// Somebody pressed ^C.
    Interrupted = 130,
    /// Nobody reads standard output any more: as if SIGPIPE had ended the program, except that it
    /// first put everything away.
    OutputClosed = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why the program ends before its work is done.
#[derive(Clone, Debug)]
pub struct Error {
    exit: Exit,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    /// What was said elsewhere before it went wrong, oldest first.
    said: Box<[String]>,
    /// Would the same again end the same way?
    lasting: bool,
    diagnostics: Vec<Diagnostic>,
}

impl Error {
    /// Something of this kind went wrong.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            said: Box::default(),
            lasting: false,
            diagnostics: Vec::new(),
        }
    }

    /// Something is wrong with what the user gave.
    #[must_use]
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Exit::Input, message)
    }

    /// The same, if the message may have several lines: the others are what caused the first.
    #[must_use]
    pub fn in_lines(message: &str) -> Self {
        let (first, others) = message.split_once('\n').unwrap_or((message, ""));
        let mut this = Self::input(first);
        if !others.is_empty() {
            this.causes.push(others.to_owned());
        }
        this
    }

    /// The errors of a text, such as a plan called `name`. All of them are shown.
    #[must_use]
    pub fn in_text(name: &str, diagnostics: Vec<Diagnostic>) -> Self {
        let message = match diagnostics.len() {
            1 => String::new(),
            errors => format!("{} in {name}", count(errors, "error")),
        };
        Self {
            diagnostics,
            ..Self::input(message)
        }
    }

    /// Adds an error and all that caused it.
    #[must_use]
    pub fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            // Some errors repeat their cause.
            if !self.causes.last().is_some_and(|last| last.contains(&text)) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }

    /// Adds advice, if there is some.
    #[must_use]
    pub fn maybe_hint(self, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.hint(text),
            None => self,
        }
    }

    /// Would the same again end the same way? A wrong password does, and may lock somebody out.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.lasting
    }

    /// How the program ends because of it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// What went wrong; empty if the diagnostics say it all.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Why, from the nearest cause on.
    #[must_use]
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// What may be done about it.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// What is wrong in a text.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// What went wrong and why, in one line.
    #[must_use]
    pub fn one_line(&self) -> String {
        let mut out = self.message.clone();
        for cause in &self.causes {
            // Writing to a String does not fail.
            let _ = write!(out, ": {cause}");
        }
        out
    }

    /// The first piece of advice.
    #[must_use]
    pub fn first_hint(&self) -> Option<&str> {
        self.hints.first().map(String::as_str)
    }

    /// All of it for standard error, with escapes for colours. Nothing if nobody would want to know.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        for diagnostic in &self.diagnostics {
            out.push_str(&diagnostic.render());
            out.push('\n');
        }
        if self.message.is_empty() {
            return out;
        }
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "{}: {}",
            paint(style::ERROR, "error"),
            paint(style::STRONG, &printable(&self.message))
        );
        for cause in &self.causes {
            for (at, line) in cause.lines().enumerate() {
                let lead = if at == 0 { "because" } else { "       " };
                let _ = writeln!(out, "  {lead} {}", printable(line));
            }
        }
        for (at, line) in self.said.iter().enumerate() {
            let lead = if at == 0 { "it said" } else { "       " };
            let _ = writeln!(out, "  {lead} {}", printable(line));
        }
        for hint in &self.hints {
            let help = paint(style::HELP, "help");
            let _ = writeln!(out, "  {help}: {}", printable(hint));
        }
        out
    }
}

/// Errors of writing the result. That nobody reads it any more is no news to anybody.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Exit::OutputClosed, "");
        }
        Self::new(Exit::Failed, "cannot write to standard output").because(&error)
    }
}
