//! From the host's error about a file to the failure that a task returns.

use crate::bindings::zymogen::task::files::Error;
use crate::{Failure, FailureKind};

/// What the task was about to do, for the message: `cannot read /etc/motd`.
pub(crate) struct Purpose<'a>(pub &'a str, pub &'a str);

impl Purpose<'_> {
    pub(crate) fn failed(&self, error: Error) -> Failure {
        let (kind, why) = match error {
            Error::Denied(text) => (FailureKind::Denied, text),
            Error::NotFound(text) => (FailureKind::NotFound, self.said("not found", text)),
            Error::Exists(text) => (
                FailureKind::Conflict,
                self.said("something is there already", text),
            ),
            Error::WrongKind(text) => (FailureKind::Conflict, text),
            Error::NotEmpty(text) => (
                FailureKind::Conflict,
                self.said("the directory is not empty", text),
            ),
            Error::TooLarge(limit) => (
                FailureKind::Unsupported,
                format!("longer than {limit} bytes"),
            ),
            Error::UnknownName(text) => {
                (FailureKind::NotFound, format!("no user or group `{text}`"))
            }
            Error::Io(text) => (FailureKind::Io, text),
            Error::Unsupported(text) => (FailureKind::Unsupported, text),
        };
        let Self(doing, path) = self;
        Failure::new(kind, format!("cannot {doing} {path}: {why}"))
    }

    /// The host's text where it says more than the path again.
    fn said(&self, what: &str, text: String) -> String {
        if text.is_empty() || text == self.1 {
            what.to_owned()
        } else {
            text
        }
    }
}
