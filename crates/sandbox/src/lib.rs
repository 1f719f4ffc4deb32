//! What a guest finds around it: a store's data, made of one call's policy and limits, and the functions that its host offers.
//!
//! | file | what |
//! |---|---|
//! | [`guest`] | the data of a store; what became of a guest that did not return |
//! | [`mod@linker`] | all that a guest may import |
//! | `host` | each interface of `wit/`, and what WASI is given |
//! | [`program`] | its command line and standard input |
//! | `output` | what it prints and logs, on its way to the master |
//! | [`ask`] | what it asks of the master |
//! | [`upstream`] | whoever carries that |
//!
//! A crate of its own because its code is large, being generated for each function, and seldom where the time goes: the slave's image
//! has it compiled for size, and the runtime, which calls guests, for speed.

pub mod ask;
pub mod guard;
pub mod guest;
mod host;
pub mod linker;
mod output;
pub mod program;
pub mod upstream;

pub use ask::Asks;
pub use guard::Guard;
pub use guest::{Denied, Guest, MAX_TABLE_ELEMENTS, MAX_WASM_STACK, Meter, OverLimit, ended};
pub use host::blocking;
pub use linker::linker;
pub use output::Output;
pub use program::Program;
pub use upstream::Upstream;
