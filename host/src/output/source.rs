//! A text that a person wrote, and how an offset in it reads: line, column, the line itself.

use std::ops::Range;
use std::sync::Arc;

/// A named text: a plan, or an argument of the command line. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Source(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

/// A place for a person: both count from 1, columns in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Source {
    /// A text and what to call it in `--> NAME:LINE:COLUMN`.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let after_ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(after_ends).collect();
        Self(Arc::new(Inner {
            name: name.into(),
            text,
            lines,
        }))
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The part of the text in `span`, or nothing if there is no such part.
    #[must_use]
    pub fn slice(&self, span: &Range<usize>) -> &str {
        self.0.text.get(span.clone()).unwrap_or_default()
    }

    /// Line and column of an offset. Behind the end means at the end.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let line = self.line_at(offset);
        let start = self.0.lines[line];
        let before = self.0.text.as_bytes();
        let before = &before[start..offset.clamp(start, before.len())];
        Position {
            line: line + 1,
            column: String::from_utf8_lossy(before).chars().count() + 1,
        }
    }

    /// The line around an offset, without its end, and where it begins.
    #[must_use]
    pub fn line(&self, offset: usize) -> (&str, usize) {
        let start = self.0.lines[self.line_at(offset)];
        let rest = &self.0.text[start..];
        let line = rest.split('\n').next().unwrap_or_default();
        (line.strip_suffix('\r').unwrap_or(line), start)
    }

    fn line_at(&self, offset: usize) -> usize {
        self.0.lines.partition_point(|start| *start <= offset) - 1
    }
}
