//! WAVE, the notation of the command line: calls are read from it and results printed in it.
//!
//! The grammar is that of `wasm_wave`, whose parser makes the syntax tree. Types are checked here, because an
//! error has to name the argument, its WIT type and the place, and because maps, fixed-length lists and
//! texts for bytes are none of its business.

mod call;
mod print;
mod read;

pub use call::{CallError, CallText};
pub use print::to_wave;
