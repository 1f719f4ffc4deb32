//! Values of the component model as people and programs write them: WAVE, JSON, and plans.
//!
//! `runtime::value` is the other half, which knows the bytes on the wire. `docs/VALUES.md` is the table
//! of both, with examples that the tests read from there.
//!
//! | file | what |
//! |---|---|
//! | [`plain`] | a plan's values without types, each with its place in the file |
//! | `read` | [`to_val`]: such a value becomes one of a type, or a list of all that is wrong with it |
//! | [`json`] | a value as JSON, and back |
//! | [`data`] | a value as a Rust type |
//! | [`wave`] | a call as the command line takes it, and results as it prints them |
//! | [`mismatch`] | what is wrong with a value, where, and what was meant |
//! | `check` | what both readers do alike: paths, names, numbers, fields |
//! | [`caret`] | a line of text with its wrong part underlined |
//! | [`mod@nearest`] | the known name that a mistyped one resembles |

pub mod caret;
mod check;
pub mod data;
pub mod json;
pub mod mismatch;
pub mod nearest;
pub mod plain;
mod read;
pub mod wave;

#[cfg(test)]
mod tests;

pub use data::from_val;
pub use json::{from_json, to_json};
pub use mismatch::Mismatch;
pub use nearest::nearest;
pub use plain::{Key, Node, Plain};
pub use read::{to_val, to_val_in};
pub use wave::{CallError, CallText, to_wave};
