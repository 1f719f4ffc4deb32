//! Values of the component model as CBOR, directed by their types.
//!
//! A call's arguments and its result travel as CBOR. Both ends know the types, because they hold the
//! same component (its digest says so); so names never travel: a record is an array, an enum is a
//! number. `docs/VALUES.md` is the table with byte-exact examples, and the tests read it from there.
//!
//! | file | what |
//! |---|---|
//! | [`mod@encode`], [`mod@decode`] | `Val` to CBOR and back, for every type that has values of its own |
//! | `cbor` | heads of data items: the only place that knows bytes |
//! | `flags` | a flag set as bits |
//! | `numbers` | lists of numbers as bytes |
//! | [`mod@describe`] | a type in WIT syntax, short enough for an error line |
//! | `handles` | streams, futures and resources, which travel as numbers |
//! | `abi` | between CBOR and a guest's memory, without a `Val` |
//! | `item` | what a stream or future carries, in that way |
//! | `size` | how much room a type takes: too much is refused |
//! | [`support`] | which types cannot travel, asked before the call and not after it |
//! | `call` | a whole call in that way |
//! | [`error`] | where in a value something is wrong, what was expected and what was there |
//!
//! It does not know JSON, WAVE or plans: those are the master's (`host::value`).

mod abi;
mod call;
mod cbor;
pub mod decode;
pub mod describe;
pub mod encode;
pub mod error;
mod flags;
mod handles;
pub(crate) mod item;
mod numbers;
mod size;
pub mod support;

#[cfg(test)]
mod tests;

pub use call::{Answer, CallError, Signature};
pub use decode::{Limits, check_all, decode, decode_all, decode_items, finish};
pub use describe::{describe, describe_params};
pub use encode::{array_of, encode, encode_all, encode_all_with};
pub use error::ValueError;
pub use handles::{HandleError, Handles};
pub use support::{data_only, holds, is_handle, is_resource, supported};

/// How deep a value may nest.
///
/// Validation bounds the types of a component to a depth of 100, and the walk over a value follows its
/// type, so nothing real comes near. It is a second lock on a door that leads to the stack's end.
pub const MAX_DEPTH: usize = 128;
