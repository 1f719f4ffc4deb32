//! What is wrong with a value that a person wrote.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong with a value. A value's reader reports all of them, not only the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where in the value: `shapes[1].radius`; empty for the value itself.
    pub path: String,
    /// Where in the source, in bytes, if the value came from a text.
    pub span: Option<Range<usize>>,
    /// What the place wants: mostly a type in WIT syntax. Empty if nothing could satisfy it.
    pub expected: String,
    /// What was there, or what is to be said if nothing was expected.
    pub found: String,
    /// What was probably meant, as one would write it.
    pub suggestion: Option<String>,
}

impl Mismatch {
    /// The same, seen from outside: the value is the part of a larger one that `root` names.
    #[must_use]
    pub fn within(mut self, root: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') || root.is_empty() {
            ""
        } else {
            "."
        };
        self.path = format!("{root}{dot}{}", self.path);
        self
    }

    /// What is wrong, without the place.
    pub fn what(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            if self.expected.is_empty() {
                write!(f, "{}", self.found)?;
            } else {
                write!(f, "expected {}, found {}", self.expected, self.found)?;
            }
            match &self.suggestion {
                Some(suggestion) => write!(f, "; did you mean {suggestion}?"),
                None => Ok(()),
            }
        })
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.what())
    }
}

impl std::error::Error for Mismatch {}
