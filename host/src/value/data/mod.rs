//! A value as a Rust type, through serde, in both directions.
//!
//! A program that calls a guest wants to work with types of its own. By way of JSON they would not all
//! get through: a large integer would arrive as text, bytes as text, NaN not at all, and `some(none)` as
//! `none`. So serde reads from the value itself, and writes to it under its type.
//!
//! Names are those of the WIT (`#[serde(rename_all = "kebab-case")]`); a `result` is also Rust's.

mod arguments;
mod parts;
mod read;
mod write;

pub use arguments::to_vals;
pub use read::from_val;
pub use write::to_val;
