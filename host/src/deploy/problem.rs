//! Errors that end a deployment before it has begun, or that break it off, as events for programs.

use super::event::Event;
use crate::error::{Error, Exit};
use crate::output::Diagnostic;
use crate::output::diagnostic::{Note, Place};
use serde::{Deserialize, Serialize};

/// Something that is wrong, mostly with the plan. What is not known of it is null.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Problem {
    /// `plan` and the like for a text that is wrong; else what the exit status says, such as `input`.
    pub kind: String,
    /// The text that it is in.
    pub file: Option<String>,
    /// From 1 on.
    pub line: Option<usize>,
    /// From 1 on, in characters.
    pub column: Option<usize>,
    /// One line for a person.
    pub message: String,
    /// Why, if something else is the cause.
    pub because: Option<String>,
    /// What the place wants, mostly a type.
    pub expected: Option<String>,
    /// What is there.
    pub found: Option<String>,
    /// What may be done about it.
    pub help: Option<String>,
}

/// All that an error says, one event for each place that it is in.
#[must_use]
pub fn events(error: &Error) -> Vec<Event> {
    let diagnostics = error.diagnostics();
    if !diagnostics.is_empty() {
        let problems = diagnostics.iter().map(Problem::from);
        return problems.map(Event::Error).collect();
    }
    // Whoever reads the events has gone, and wants to hear no more.
    if error.exit() == Exit::OutputClosed {
        return Vec::new();
    }
    let joined = |texts: &[String]| (!texts.is_empty()).then(|| texts.join("; "));
    let problem = Problem {
        kind: kind(error.exit()).to_owned(),
        message: error.message().to_owned(),
        because: joined(error.causes()),
        help: joined(error.hints()),
        ..Problem::default()
    };
    vec![Event::Error(problem)]
}

fn kind(exit: Exit) -> &'static str {
    match exit {
        Exit::Input => "input",
        Exit::Usage => "usage",
        Exit::Unreachable => "unreachable",
        Exit::Denied => "denied",
        Exit::Interrupted => "interrupted",
        Exit::Done | Exit::Pending | Exit::Failed | Exit::OutputClosed => "failed",
    }
}

impl From<&Diagnostic> for Problem {
    fn from(diagnostic: &Diagnostic) -> Self {
        let mut problem = Self {
            kind: diagnostic.code.to_owned(),
            message: diagnostic.message.clone(),
            ..Self::default()
        };
        if let Some(Place { source, span, .. }) = &diagnostic.place {
            let position = source.position(span.start);
            problem.file = Some(source.name().to_owned());
            problem.line = Some(position.line);
            problem.column = Some(position.column);
        }
        for note in &diagnostic.notes {
            let (field, text) = match note {
                Note::Fact("expected", text) => (&mut problem.expected, text),
                Note::Fact("found", text) => (&mut problem.found, text),
                Note::Fact(_, text) => (&mut problem.because, text),
                Note::Help(text) => (&mut problem.help, text),
            };
            match field {
                Some(before) => *before = format!("{before}; {text}"),
                None => *field = Some(text.clone()),
            }
        }
        problem
    }
}
