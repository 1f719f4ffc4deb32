//! What has to be done, decided from the request and from what is there. Nothing is changed here.

mod links;
mod now;

pub use now::Now;

use guest_sdk::Change;
use guest_sdk::files::{Kind, attributes};

use crate::request::{Goal, Request};
use crate::{Failure, Outcome};

/// The step to take first, before attributes are set.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Nothing,
    MakeDirectory,
    /// To this target.
    MakeSymlink(String),
    /// To this original.
    MakeHardLink(String),
    Touch,
    Remove,
    RemoveAll,
}

/// What to do, and how to tell it.
#[derive(Debug, PartialEq)]
pub struct Plan {
    pub step: Step,
    /// Whether the attributes have to be set by a step of their own.
    pub set_attributes: bool,
    summaries: Vec<String>,
    changes: Vec<Change>,
}

impl Plan {
    fn nothing() -> Self {
        Self {
            step: Step::Nothing,
            set_attributes: false,
            summaries: Vec::new(),
            changes: Vec::new(),
        }
    }

    fn step(step: Step, summary: impl Into<String>, change: Option<Change>) -> Self {
        Self {
            step,
            summaries: vec![summary.into()],
            changes: Vec::from_iter(change),
            ..Self::nothing()
        }
    }

    /// What was done, or would be.
    pub fn outcome(self) -> Outcome {
        if self.step == Step::Nothing && !self.set_attributes {
            return Outcome::unchanged("already as asked");
        }
        Outcome::changed(self.summaries.join(", ")).with_changes(self.changes)
    }
}

pub fn plan(request: &Request, now: &Now) -> Result<Plan, Failure> {
    let path = &request.path;
    let kind = now.metadata.as_ref().map(|found| found.kind);
    let mut plan = match (&request.goal, kind) {
        (Goal::File, Some(Kind::File))
        | (Goal::Directory, Some(Kind::Directory))
        | (Goal::Absent, None) => Plan::nothing(),
        (Goal::File, None) => {
            return Err(Failure::not_found(format!("there is no file {path}"))
                .hint("state = \"touch\" makes an empty one, the task `copy` one with a content"));
        }
        (Goal::Directory, None) => Plan::step(
            Step::MakeDirectory,
            "directory made",
            Some(state(path, "absent", "directory")),
        ),
        (Goal::Symlink { target }, None | Some(Kind::Symlink)) => {
            links::symlink(path, now.target.as_ref(), target)
        }
        (Goal::HardLink { original }, _) => links::hard_link(path, original, now)?,
        (Goal::Touch, None) => Plan::step(
            Step::Touch,
            "empty file made",
            Some(state(path, "absent", "file")),
        ),
        (Goal::Touch, Some(Kind::File | Kind::Directory)) => {
            Plan::step(Step::Touch, "touched", None)
        }
        (Goal::Absent, Some(Kind::Directory)) => Plan::step(
            Step::RemoveAll,
            "directory removed",
            Some(state(path, "directory with all below it", "absent")),
        ),
        (Goal::Absent, Some(kind)) => {
            let noun = match &now.target {
                Some(target) => format!("{} to {target}", kind.noun()),
                None => kind.noun().to_owned(),
            };
            Plan::step(
                Step::Remove,
                format!("{} removed", kind.noun()),
                Some(state(path, noun, "absent")),
            )
        }
        (goal, Some(kind)) => return Err(in_the_way(path, goal, kind)),
    };
    attribute_changes(&mut plan, request, now);
    Ok(plan)
}

/// Mode and owner: of what is there, or of what the step is about to make.
fn attribute_changes(plan: &mut Plan, request: &Request, now: &Now) {
    let made = matches!(plan.step, Step::MakeDirectory | Step::MakeSymlink(_))
        || (plan.step == Step::Touch && now.metadata.is_none());
    if made {
        // A directory is made with its attributes in one step; the others get them afterwards.
        plan.set_attributes = plan.step != Step::MakeDirectory && !request.attributes.is_empty();
        return;
    }
    // A hard link that is about to be made has the attributes of its original.
    let Some(subject) = now.metadata.as_ref().or(now.original.as_ref()) else {
        return;
    };
    let changes = request.attributes.changes(&request.path, subject);
    if !changes.is_empty() {
        plan.set_attributes = true;
        plan.summaries.push(attributes::summary(&changes));
        plan.changes.extend(changes);
    }
}

fn in_the_way(path: &str, goal: &Goal, kind: Kind) -> Failure {
    let wanted = match goal {
        Goal::Directory => "a directory",
        Goal::Symlink { .. } | Goal::HardLink { .. } => "a link",
        Goal::File | Goal::Absent | Goal::Touch => "a file",
    };
    let failure = Failure::conflict(format!(
        "{path} is a {}, where {wanted} should be",
        kind.noun()
    ));
    match (goal, kind) {
        (Goal::File, Kind::Directory) => failure.hint("write state = \"directory\""),
        _ => failure.hint("remove it first, with state = \"absent\""),
    }
}

fn state(path: &str, before: impl Into<String>, after: impl Into<String>) -> Change {
    Change::new(
        format!("{path} state"),
        Some(before.into()),
        Some(after.into()),
    )
}
