//! What a guest written in Rust needs in order to be a task of Zymogen.
//!
//! A task module is a crate for `wasm32-wasip2` with one WIT file, which describes its parameters and its report, and
//! one function `run`. [`task!`] makes the component out of them:
//!
//! ```
//! guest_sdk::task! {
//!     inline: r"
//!         package example:greet@0.1.0;
//!
//!         /// Leaves a greeting in a file.
//!         interface task {
//!             use zymogen:task/types@0.1.0.{mode, outcome, failure};
//!             use zymogen:task/grants@0.1.0.{write-path};
//!             record params { path: write-path, name: string }
//!             record report { outcome: outcome }
//!             run: func(params: params, mode: mode) -> result<report, failure>;
//!         }
//!
//!         world greet {
//!             include zymogen:task/imports@0.1.0;
//!             export task;
//!         }
//!     ",
//!     exports: example::greet,
//! }
//!
//! use guest_sdk::files::{self, Attributes};
//!
//! fn run(params: Params, mode: Mode) -> Result<Report, Failure> {
//!     let wanted = format!("Hello, {}!\n", params.name);
//!     let before = match files::stat(&params.path)? {
//!         Some(_) => Some(files::read_text(&params.path, 4096)?),
//!         None => None,
//!     };
//!     if before.as_ref() == Some(&wanted) {
//!         return Ok(Report { outcome: Outcome::unchanged("already greeted") });
//!     }
//!     if mode.applies() {
//!         files::replace(&params.path, wanted.as_bytes(), &Attributes::default())?;
//!     }
//!     Ok(Report { outcome: Outcome::changed("greeted").with_change(&params.path, before, Some(wanted)) })
//! }
//! # fn main() {}
//! ```
//!
//! A function of the host that a module never calls is not among its component's imports, so that what a component
//! imports tells what it can do.
//!
//! On any target but wasm the host is the [`testing::Machine`] of the thread: `cargo test` runs a whole task
//! without a runtime.

#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub use wit_bindgen;

include!(concat!(env!("OUT_DIR"), "/contract.rs"));

mod host;
mod task;

pub mod channels;
pub mod command;
pub mod contexts;
pub mod failure;
pub mod files;
pub mod log;
pub mod outcome;
pub mod path;
pub mod permissions;
pub mod progress;
pub mod secrets;
pub mod services;
pub mod sources;
pub mod system;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
pub mod users;

pub use bindings::zymogen::task::grants::Source;
pub use bindings::zymogen::task::types::{Change, Failure, FailureKind, Mode, Outcome};
