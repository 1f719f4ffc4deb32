//! What changed, in the fewest lines that say it.

use super::style::{self, paint};
use super::text::{count, printable};
use crate::deploy::event::Change;
use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// How much of a change is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Nothing: the summary is enough.
    Summary,
    /// At most so many lines of each change.
    Lines(usize),
    /// All of it.
    Full,
}

/// Lines around a change that stay the same.
const CONTEXT: usize = 3;
/// Comparing longer than this gives a correct diff that may not be the shortest.
const PATIENCE: Duration = Duration::from_millis(300);

/// The lines of the change, without indentation and without their ends.
#[must_use]
pub fn lines(change: &Change, detail: Detail) -> Vec<String> {
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    let context = match detail {
        Detail::Summary => return Vec::new(),
        Detail::Lines(_) => 1,
        Detail::Full => CONTEXT,
    };
    let mut lines = match (before, after) {
        (None, None) => return Vec::new(),
        (Some(before), Some(after)) if is_word(before) && is_word(after) => {
            let (before, after) = (printable(before), printable(after));
            vec![format!(
                "{} -> {}",
                paint(style::REMOVED, &before),
                paint(style::ADDED, &after)
            )]
        }
        // Not every text is the content of a file: a link's target has no line's end.
        (Some(gone), None) if is_word(gone) => {
            vec![paint(style::REMOVED, &format!("-{}", printable(gone)))]
        }
        (None, Some(new)) if is_word(new) => {
            vec![paint(style::ADDED, &format!("+{}", printable(new)))]
        }
        _ => compare(
            before.unwrap_or_default(),
            after.unwrap_or_default(),
            context,
        ),
    };
    if let Detail::Lines(most) = detail
        && lines.len() > most + 1
    {
        let hidden = lines.split_off(most).len();
        let more = format!("… {} more, -D shows all", count(hidden, "line"));
        lines.push(paint(style::DIM, &more));
    }
    lines
}

/// Short enough to stand beside another one.
fn is_word(text: &str) -> bool {
    text.len() <= 40 && !text.contains('\n')
}

fn compare(before: &str, after: &str, context: usize) -> Vec<String> {
    let mut config = TextDiff::configure();
    let diff = config.timeout(PATIENCE).diff_lines(before, after);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(context).iter().enumerate() {
        if at > 0 {
            lines.push(paint(style::DIM, "..."));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let text = change.value().trim_end_matches('\n');
            let text = printable(text.strip_suffix('\r').unwrap_or(text));
            lines.push(match change.tag() {
                ChangeTag::Equal => paint(style::DIM, &format!(" {text}")),
                ChangeTag::Delete => paint(style::REMOVED, &format!("-{text}")),
                ChangeTag::Insert => paint(style::ADDED, &format!("+{text}")),
            });
            if change.missing_newline() && change.tag() != ChangeTag::Equal {
                lines.push(paint(style::DIM, " (no newline at the end)"));
            }
        }
    }
    lines
}
