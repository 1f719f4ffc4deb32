//! The one place that knows how errors end the program: which exit status, and which advice.
//!
//! The errors of the other modules say what happened; each is turned into an [`Error`] here, by its kind.

use crate::build::BuildError;
use crate::connect::{CredentialError, SpecError};
use crate::master::CallResult;
use crate::module::ModuleError;
use crate::output::Diagnostic;
use crate::output::style::{self, paint};
use crate::output::text::{count, duration, printable, size};
use connect::{ConnectError, FailureKind, Phase};
use proto::message::{Dead, DeadReason, LimitKind};
use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

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

/// What a call came to, when it is not simply its result: for a person, and for the exit status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fate {
    /// How the program ends if this is all it did.
    pub exit: Exit,
    /// The fate's name for programs.
    pub kind: &'static str,
    /// What the call ran out of, if that is its fate.
    pub limit: Option<LimitKind>,
    /// One line.
    pub message: String,
    /// What may be done about it.
    pub hint: Option<String>,
}

impl Fate {
    /// None for a call that returned, be it a result or an error of its own.
    #[must_use]
    pub fn of(result: &CallResult, module: &str) -> Option<Self> {
        let (exit, kind, message, hint) = match result {
            CallResult::Returned(_) | CallResult::Failed(_) => return None,
            CallResult::Trapped(why) => (
                Exit::Failed,
                "trapped",
                format!("module `{module}` trapped: {why}"),
                Some("that is an error in the module; the slave lives on".to_owned()),
            ),
            CallResult::Exited(status) => (
                Exit::Failed,
                "exited",
                format!("module `{module}` ended itself with status {status}"),
                None,
            ),
            CallResult::Denied(why) => (
                Exit::Denied,
                "denied",
                format!("module `{module}` was denied {why}"),
                None,
            ),
            CallResult::OverLimit { limit, allowed } => {
                let (message, option) = over_limit(*limit, *allowed);
                let hint = option.map(|option| format!("{option} allows more"));
                (
                    Exit::Failed,
                    "over-limit",
                    format!("module `{module}` {message}"),
                    hint,
                )
            }
            CallResult::Refused { message, .. } => (Exit::Failed, "refused", message.clone(), None),
            CallResult::Cancelled => (
                Exit::Interrupted,
                "cancelled",
                "the call was cancelled".to_owned(),
                None,
            ),
            CallResult::Dead(dead) => dead_fate(dead, module),
        };
        let limit = match result {
            CallResult::OverLimit { limit, .. } => Some(*limit),
            _ => None,
        };
        Some(Self {
            exit,
            kind,
            limit,
            message,
            hint,
        })
    }
}

/// Only a context that cannot be reached any more is lost. Whatever else went wrong on the way to an
/// answer, the next call may get one.
fn dead_fate(dead: &Dead, module: &str) -> (Exit, &'static str, String, Option<String>) {
    let unknown = || Some("nobody knows how far the call came".to_owned());
    match &dead.reason {
        DeadReason::LinkDown(_) | DeadReason::NoRoute(_) => (
            Exit::Unreachable,
            "dead",
            format!("the context is gone: {dead}"),
            unknown(),
        ),
        DeadReason::Busy | DeadReason::Quota => (
            Exit::Failed,
            "busy",
            format!("module `{module}` was not called: {dead}"),
            Some("work on fewer things at a time".to_owned()),
        ),
        DeadReason::TooLarge(_) => (
            Exit::Failed,
            "too-large",
            format!("the arguments of module `{module}` do not fit into a message: {dead}"),
            None,
        ),
        DeadReason::OutcomeTooLarge(_) => (
            Exit::Failed,
            "outcome-too-large",
            format!(
                "module `{module}` was called, but its outcome does not fit into a message: {dead}"
            ),
            None,
        ),
        DeadReason::Crashed => (
            Exit::Failed,
            "crashed",
            format!("the slave could not finish the call of module `{module}`: {dead}"),
            unknown(),
        ),
        DeadReason::Malformed(_) => (
            Exit::Failed,
            "malformed",
            format!("the answer of module `{module}` cannot be read: {dead}"),
            unknown(),
        ),
        DeadReason::InvalidHandle
        | DeadReason::Unauthorised
        | DeadReason::Closed
        | DeadReason::Overrun => (
            Exit::Failed,
            "not-accepted",
            format!("the context did not take the call of module `{module}`: {dead}"),
            None,
        ),
    }
}

fn over_limit(limit: LimitKind, allowed: u64) -> (String, Option<&'static str>) {
    match limit {
        LimitKind::WallTime => {
            let time = duration(Duration::from_millis(allowed));
            (format!("took longer than {time}"), Some("--timeout"))
        }
        LimitKind::Memory => {
            let message = format!("needed more than {} of memory", size(allowed));
            (message, Some("--memory"))
        }
        LimitKind::Output => {
            let message = format!("had more than {} to say", size(allowed));
            (message, Some("--max-output"))
        }
        LimitKind::Stack => (format!("needed more than {} of stack", size(allowed)), None),
        LimitKind::Tables => (
            format!("needed more than {allowed} table elements or instances"),
            None,
        ),
    }
}

impl From<Fate> for Error {
    fn from(fate: Fate) -> Self {
        Self::new(fate.exit, fate.message).maybe_hint(fate.hint)
    }
}

/// Nobody was reached yet when a module turns out to be unusable.
impl From<ModuleError> for Error {
    fn from(error: ModuleError) -> Self {
        match error {
            ModuleError::Build(error) => error.into(),
            error => Self::input(error.to_string()).maybe_hint(error.hint()),
        }
    }
}

/// Nobody was reached yet when there is nothing to ship.
impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        let hint = error.hint();
        let message = error.to_string();
        let mut lines = message.lines();
        let mut this = Self::input(lines.next().unwrap_or_default()).maybe_hint(hint);
        let output: Vec<_> = lines.collect();
        if !output.is_empty() {
            this.causes.push(output.join("\n"));
        }
        this
    }
}

/// Nobody can be reached whose way is no way.
impl From<SpecError> for Error {
    fn from(error: SpecError) -> Self {
        Self::input(error.to_string())
    }
}

/// Nobody can be asked for what is not there. No host was touched.
impl From<CredentialError> for Error {
    fn from(error: CredentialError) -> Self {
        Self::input(error.to_string())
    }
}

/// Which hop, which phase, and what it printed.
impl From<&ConnectError> for Error {
    fn from(error: &ConnectError) -> Self {
        let mut this = Self::new(Exit::Unreachable, error.to_string());
        // The last line stands in the message; a single one says nothing more.
        if error.said.len() > 1 {
            let from = error.said.len().saturating_sub(SAID);
            this.said = error.said[from..].into();
        }
        this.lasting = error.phase == Phase::Authenticate
            || matches!(
                error.cause.kind(),
                FailureKind::NotStarted | FailureKind::NoImage(_)
            );
        this.maybe_hint(error.hint.clone())
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        (&error).into()
    }
}
