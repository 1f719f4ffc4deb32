//! From what became of a task's call to what its event says.

use super::event::{Change, Status};
use crate::error::{Error, Exit, Fate};
use crate::master::CallResult;
use proto::message::LimitKind;
use wasmtime::component::Val;

/// How a task ended.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// In one word.
    pub status: Status,
    /// In one line.
    pub summary: String,
    /// What may be done about a failure.
    pub hint: Option<String>,
    /// What kind of failure it is.
    pub failure: Option<String>,
    /// Which limit, if that is the failure.
    pub limit: Option<LimitKind>,
    /// Each thing that changed.
    pub changes: Vec<Change>,
    /// What the module reports, if it does.
    pub report: Option<Val>,
}

impl Verdict {
    /// Its condition was false.
    #[must_use]
    pub fn skipped(condition: &str) -> Self {
        Self::of(Status::Skipped, format!("not {condition}"))
    }

    /// The plan itself stands in the way.
    #[must_use]
    pub fn wrong_plan(message: String) -> Self {
        Self {
            failure: Some("plan".to_owned()),
            ..Self::of(Status::Failed, message)
        }
    }

    /// What it would call elsewhere is not to be had.
    #[must_use]
    pub fn not_ready(error: &Error) -> Self {
        Self {
            hint: error.first_hint().map(str::to_owned),
            failure: Some("callee".to_owned()),
            ..Self::of(Status::Failed, error.one_line())
        }
    }

    /// Somebody interrupted it.
    #[must_use]
    pub fn cancelled() -> Self {
        Self {
            failure: Some("cancelled".to_owned()),
            ..Self::of(Status::Cancelled, "interrupted".to_owned())
        }
    }

    /// What a call of `module`'s `run` came to.
    #[must_use]
    pub fn from_call(module: &str, result: CallResult) -> Self {
        match &result {
            CallResult::Returned(Some(Val::Result(Ok(Some(report))))) => reported(module, report),
            CallResult::Failed(Val::Result(Err(Some(failure)))) => failed(failure),
            _ => match Fate::of(&result, module) {
                Some(fate) => Self {
                    hint: fate.hint,
                    failure: Some(fate.kind.to_owned()),
                    limit: fate.limit,
                    ..Self::of(status(fate.exit), fate.message)
                },
                None => odd(module),
            },
        }
    }

    fn of(status: Status, summary: String) -> Self {
        Self {
            status,
            summary,
            hint: None,
            failure: None,
            limit: None,
            changes: Vec::new(),
            report: None,
        }
    }
}

/// What a call's fate is for its task: the same word that it is for the program.
fn status(exit: Exit) -> Status {
    match exit {
        Exit::Denied => Status::Denied,
        Exit::Unreachable => Status::Unreachable,
        Exit::Interrupted => Status::Cancelled,
        _ => Status::Failed,
    }
}

/// `report { outcome: outcome { changed, summary, changes }, ... }`
fn reported(module: &str, report: &Val) -> Verdict {
    let outcome = field(report, "outcome");
    let parts = outcome.and_then(|outcome| {
        let changed = match field(outcome, "changed")? {
            Val::Bool(changed) => *changed,
            _ => return None,
        };
        let changes = match field(outcome, "changes")? {
            Val::List(changes) => changes.iter().filter_map(change).collect(),
            _ => return None,
        };
        Some((changed, text(field(outcome, "summary")?)?, changes))
    });
    let Some((changed, summary, changes)) = parts else {
        return odd(module);
    };
    let status = if changed { Status::Changed } else { Status::Ok };
    Verdict {
        changes,
        report: Some(report.clone()),
        ..Verdict::of(status, summary)
    }
}

/// `failure { kind, message, hint }`
fn failed(failure: &Val) -> Verdict {
    let kind = match field(failure, "kind") {
        Some(Val::Enum(kind)) => kind.as_str(),
        _ => "other",
    };
    let status = match kind {
        "denied" => Status::Denied,
        _ => Status::Failed,
    };
    let message = field(failure, "message").and_then(text);
    Verdict {
        failure: Some(kind.to_owned()),
        hint: field(failure, "hint").and_then(optional_text),
        ..Verdict::of(status, message.unwrap_or_else(|| "failed".to_owned()))
    }
}

/// Only a module that was built against another contract gets here.
fn odd(module: &str) -> Verdict {
    let message = format!("module `{module}` did not answer as a task does");
    Verdict {
        failure: Some("other".to_owned()),
        ..Verdict::of(Status::Failed, message)
    }
}

fn change(value: &Val) -> Option<Change> {
    Some(Change {
        subject: text(field(value, "subject")?)?,
        before: field(value, "before").and_then(optional_text),
        after: field(value, "after").and_then(optional_text),
        content_hidden: false,
    })
}

fn field<'a>(record: &'a Val, name: &str) -> Option<&'a Val> {
    match record {
        Val::Record(fields) => {
            let mut fields = fields.iter();
            fields
                .find(|(field, _)| field == name)
                .map(|(_, value)| value)
        }
        _ => None,
    }
}

fn text(value: &Val) -> Option<String> {
    match value {
        Val::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn optional_text(value: &Val) -> Option<String> {
    match value {
        Val::Option(Some(inner)) => text(inner),
        _ => None,
    }
}
