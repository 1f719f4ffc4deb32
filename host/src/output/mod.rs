//! What people and programs see. Results go to standard output, everything else to standard error.
//!
//! | file | what |
//! |---|---|
//! | [`screen`] | the two streams, and the transient line on a terminal |
//! | [`human`] | the events of a deployment, for people |
//! | [`json`] | the same as one JSON object per line |
//! | [`masked`] | the way of events to either, on which secrets are hidden |
//! | [`logs`] | what guests and slaves say |
//! | [`mod@describe`] | what a module is |
//! | [`diff`] | what changed, in the fewest lines |
//! | [`diagnostic`], [`source`] | an error in a text that a person wrote, and where in it |
//! | [`text`], [`style`] | times, sizes, other people's text; colours |

pub mod describe;
pub mod diagnostic;
pub mod diff;
pub mod human;
pub mod json;
pub mod logs;
pub mod masked;
pub mod ping;
pub mod screen;
pub mod source;
pub mod style;
pub mod text;
pub mod tree;

pub use diagnostic::Diagnostic;
pub use screen::Screen;
pub use source::Source;

#[cfg(test)]
mod tests;

use crate::deploy::event::Event;
use std::io;

/// For whom the output is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs: one JSON object per line.
    Json,
}

/// Shows events, in the order in which they happen.
pub trait Reporter: Send {
    /// Shows one.
    ///
    /// # Errors
    /// Nobody reads standard output any more, or the operating system refuses.
    fn event(&mut self, event: &Event) -> io::Result<()>;
}
