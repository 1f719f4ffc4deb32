//! The few colours, by what they mean. Streams that nobody looks at drop them again, see [`super::screen`].

use anstyle::{AnsiColor, Style};

/// An error, a failed task.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// A warning, a guest's standard error.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Something changed.
pub const CHANGED: Style = AnsiColor::Yellow.on_default();
/// As it was asked for.
pub const OK: Style = AnsiColor::Green.on_default();
/// A line that was added.
pub const ADDED: Style = AnsiColor::Green.on_default();
/// A line that was removed.
pub const REMOVED: Style = AnsiColor::Red.on_default();
/// A frame around something else: line numbers, arrows.
pub const FRAME: Style = AnsiColor::Blue.on_default().bold();
/// Advice.
pub const HELP: Style = AnsiColor::Cyan.on_default().bold();
/// What stands out.
pub const STRONG: Style = Style::new().bold();
/// What may be overlooked.
pub const DIM: Style = Style::new().dimmed();

/// `text` in a style. The escapes never stand in the way of padding: pad before.
#[must_use]
pub fn paint(style: Style, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("{style}{text}{style:#}")
}
