//! Building what a task did, and asking what it may do.

use crate::{Change, Mode, Outcome};

impl Mode {
    /// Whether the task shall really change things, rather than only say what would change.
    #[must_use]
    pub fn applies(self) -> bool {
        self == Mode::Apply
    }
}

impl Outcome {
    /// The machine already was as asked.
    #[must_use]
    pub fn unchanged(summary: impl Into<String>) -> Self {
        Self {
            changed: false,
            summary: summary.into(),
            changes: Vec::new(),
        }
    }

    /// Something changed, or in mode `check` would change. `summary` is one line for a person.
    #[must_use]
    pub fn changed(summary: impl Into<String>) -> Self {
        Self {
            changed: true,
            summary: summary.into(),
            changes: Vec::new(),
        }
    }

    /// Adds a text before and after; none where there is nothing, or nothing that can be shown.
    #[must_use]
    pub fn with_change(
        self,
        subject: impl Into<String>,
        before: Option<String>,
        after: Option<String>,
    ) -> Self {
        self.with_changes([Change::new(subject, before, after)])
    }

    /// Adds several changes.
    #[must_use]
    pub fn with_changes(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        self.changes.extend(changes);
        self
    }
}

impl Change {
    /// The change of `subject`, mostly a path or `path mode`.
    #[must_use]
    pub fn new(subject: impl Into<String>, before: Option<String>, after: Option<String>) -> Self {
        Self {
            subject: subject.into(),
            before,
            after,
        }
    }
}
