//! What happens while a plan is applied, as data. Both outputs, for people and for programs, are
//! made of nothing else.
//!
//! A consumer of the JSON lines checks `v`, and ignores events and fields that it does not know:
//! those may be added. A change that would break it gets a new [`VERSION`]. `docs/EVENTS.md` lists them all.

use super::problem::Problem;
use crate::output::text::printable_json;
use proto::message::{Level, LimitKind};
use serde::{Deserialize, Serialize};

/// The `v` of every JSON line.
pub const VERSION: u32 = 1;

/// One thing that happened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Something is wrong, mostly with the plan, before any host was touched.
    Error(Problem),
    /// The plan was found in order; now the hosts are touched.
    PlanStarted {
        /// The plan's own name.
        plan: Option<String>,
        /// The file that it is in.
        source: String,
        /// Whether anything may change.
        mode: Mode,
        /// Where it will be applied.
        hosts: Vec<String>,
        /// How many tasks it has.
        tasks: usize,
    },
    /// A slave is being started.
    HostConnecting {
        /// Where, as the plan says.
        host: String,
    },
    /// The slave answers.
    HostConnected {
        /// Where.
        host: String,
        /// How long that took.
        duration_ms: u64,
    },
    /// A host could not be reached, or was lost, and is tried again.
    HostRetrying {
        /// Where.
        host: String,
        /// Which try comes next, from 2 on.
        attempt: u32,
        /// Why.
        error: String,
        /// What may be done about that.
        hint: Option<String>,
        /// The task that was under way, whose outcome is unknown. It is run again.
        unknown: Option<Unknown>,
        /// How long is waited before.
        delay_ms: u64,
    },
    /// A task begins.
    TaskStarted {
        /// Where.
        host: String,
        /// Which one, from 1 on.
        index: usize,
        /// Its name.
        task: String,
        /// Its module.
        module: String,
    },
    /// A guest or a slave has something to say.
    Log {
        /// Where.
        host: String,
        /// Who; the slave itself if none.
        module: Option<String>,
        /// How much it matters.
        level: Level,
        /// Which part speaks: `stdout`, `stderr`, or what the guest chose.
        target: String,
        /// What, perhaps in several lines.
        text: String,
    },
    /// How far a long task has come.
    Progress {
        /// Where.
        host: String,
        /// Who.
        module: Option<String>,
        /// As the task puts it.
        text: String,
    },
    /// A task has ended, or was not even begun.
    TaskFinished(TaskFinished),
    /// A host is done with.
    HostFinished {
        /// Where.
        host: String,
        /// How it went.
        status: HostStatus,
        /// Why it is unreachable, if it is.
        error: Option<String>,
        /// What may be done about that.
        hint: Option<String>,
        /// The task that was under way when the host was lost. Nobody knows how far it came.
        unknown: Option<Unknown>,
        /// How its tasks ended.
        totals: Totals,
        /// From the beginning of the connection on.
        duration_ms: u64,
    },
    /// Everything is done with.
    PlanFinished {
        /// How many hosts were done, failed, were unreachable and so on.
        hosts: HostTotals,
        /// How all tasks ended, on all hosts.
        totals: Totals,
        /// From the beginning on.
        duration_ms: u64,
    },
}

/// A task whose outcome is unknown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Unknown {
    /// Which one, from 1 on.
    pub index: usize,
    /// Its name.
    pub task: String,
}

/// How a task ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TaskFinished {
    /// Where.
    pub host: String,
    /// Which one, from 1 on.
    pub index: usize,
    /// Its name.
    pub task: String,
    /// Its module.
    pub module: String,
    /// How it ended.
    pub status: Status,
    /// One line for a person.
    pub summary: String,
    /// What to do about a failure, if the task knows.
    pub hint: Option<String>,
    /// The kind of a failure, as `zymogen:task/types.failure-kind` names it, or as the fate of its call.
    pub failure: Option<String>,
    /// Of a failure `over-limit`: which limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitKind>,
    /// Each thing that changed, or would.
    pub changes: Vec<Change>,
    /// What the module reports, of a task with `register` only, since that may be long or private. Names are
    /// those of its WIT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<serde_json::Value>,
    /// What the task was allowed to touch.
    pub grants: Vec<String>,
    /// How long it took.
    pub duration_ms: u64,
}

/// One thing that changed, or would.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// Mostly a path, or `path mode`.
    pub subject: String,
    /// The text before; none where there was nothing or it is not text.
    pub before: Option<String>,
    /// The text after; none where nothing is left or it is not text.
    pub after: Option<String>,
    /// There were texts, and they were left out: they may be secrets, and nobody asked for them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub content_hidden: bool,
}

impl Change {
    /// The same without its texts.
    #[must_use]
    pub fn hidden(&self) -> Self {
        Self {
            subject: self.subject.clone(),
            before: None,
            after: None,
            content_hidden: self.before.is_some() || self.after.is_some(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Whether tasks may change anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They only say what they would change.
    Check,
    /// They do it.
    Apply,
}

/// How a task ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything already was as asked.
    Ok,
    /// Something changed, or would.
    Changed,
    /// Its condition was false.
    Skipped,
    /// It did not reach its goal.
    Failed,
    /// It needed what it was not granted.
    Denied,
    /// The host, or the way to it, is gone; nobody knows how far the task came.
    Unreachable,
    /// Somebody interrupted it.
    Cancelled,
}

/// How a host was left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostStatus {
    /// All tasks ended well.
    Done,
    /// A task failed, so those after it were not begun.
    Failed,
    /// No slave could be started, or it went away.
    Unreachable,
    /// A task was denied something, so those after it were not begun.
    Denied,
    /// Somebody interrupted it.
    Cancelled,
}

/// How many tasks ended in which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// [`Status::Ok`].
    pub ok: usize,
    /// [`Status::Changed`].
    pub changed: usize,
    /// [`Status::Skipped`].
    pub skipped: usize,
    /// [`Status::Failed`].
    pub failed: usize,
    /// [`Status::Denied`].
    pub denied: usize,
    /// [`Status::Unreachable`].
    pub unreachable: usize,
    /// [`Status::Cancelled`].
    pub cancelled: usize,
    /// Never begun, because of what happened before.
    pub not_run: usize,
}

/// How many hosts were left in which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HostTotals {
    /// [`HostStatus::Done`].
    pub done: usize,
    /// [`HostStatus::Failed`].
    pub failed: usize,
    /// [`HostStatus::Unreachable`].
    pub unreachable: usize,
    /// [`HostStatus::Denied`].
    pub denied: usize,
    /// [`HostStatus::Cancelled`].
    pub cancelled: usize,
}

/// An event as a line of JSON, without its end: `{"v":1,"event":"task_finished",...}`.
///
/// # Errors
/// None in practice: an event has nothing in it that JSON cannot say.
pub fn to_json(event: &Event) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Line<'a> {
        v: u32,
        #[serde(flatten)]
        event: &'a Event,
    }
    serde_json::to_string(&Line { v: VERSION, event }).map(printable_json)
}

impl Totals {
    /// Counts one more task.
    pub fn count(&mut self, status: Status) {
        *match status {
            Status::Ok => &mut self.ok,
            Status::Changed => &mut self.changed,
            Status::Skipped => &mut self.skipped,
            Status::Failed => &mut self.failed,
            Status::Denied => &mut self.denied,
            Status::Unreachable => &mut self.unreachable,
            Status::Cancelled => &mut self.cancelled,
        } += 1;
    }

    /// Adds those of another host.
    pub fn add(&mut self, other: &Self) {
        // Without `..`, so that a new field is not forgotten here.
        let Self {
            ok,
            changed,
            skipped,
            failed,
            denied,
            unreachable,
            cancelled,
            not_run,
        } = *other;
        self.ok += ok;
        self.changed += changed;
        self.skipped += skipped;
        self.failed += failed;
        self.denied += denied;
        self.unreachable += unreachable;
        self.cancelled += cancelled;
        self.not_run += not_run;
    }

    /// How many tasks there are.
    #[must_use]
    pub fn all(&self) -> usize {
        let begun = self.ok + self.changed + self.skipped + self.failed;
        begun + self.denied + self.unreachable + self.cancelled + self.not_run
    }
}

impl HostTotals {
    /// Counts one more host.
    pub fn count(&mut self, status: HostStatus) {
        *match status {
            HostStatus::Done => &mut self.done,
            HostStatus::Failed => &mut self.failed,
            HostStatus::Unreachable => &mut self.unreachable,
            HostStatus::Denied => &mut self.denied,
            HostStatus::Cancelled => &mut self.cancelled,
        } += 1;
    }

    /// How many hosts there are.
    #[must_use]
    pub fn all(&self) -> usize {
        self.done + self.failed + self.unreachable + self.denied + self.cancelled
    }
}

impl Status {
    /// Does the plan go on after it?
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Ok | Self::Changed | Self::Skipped)
    }
}

impl From<Status> for HostStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Ok | Status::Changed | Status::Skipped => Self::Done,
            Status::Failed => Self::Failed,
            Status::Denied => Self::Denied,
            Status::Unreachable => Self::Unreachable,
            Status::Cancelled => Self::Cancelled,
        }
    }
}
