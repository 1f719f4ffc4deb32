//! What a call came to, for a person and for the exit status.

use super::{Error, Exit};
use crate::master::CallResult;
use crate::output::text::{duration, size};
use proto::message::{Dead, DeadReason, LimitKind};
use std::time::Duration;

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
        DeadReason::Incomplete(_) => (
            Exit::Failed,
            "incomplete",
            format!("a stream of module `{module}` is not complete: {dead}"),
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
