//! The one place that knows wasmtime: engines, artifacts, values, the sandbox.
//!
//! [`Executor`] runs a call: it finds the module ([`modules`], which asks the [`Upstream`] for what it
//! lacks), makes a store with nothing in it but what the call's policy grants ([`guest`]), calls the
//! export by reflection ([`value`]), and drops the store. Dropping it is how a call is cancelled.
//! It knows neither streams nor frames, and cannot compile.

mod artifact;
mod ask;
mod engine;
mod executor;
mod guard;
mod guest;
mod host;
mod imports;
mod instances;
mod modules;
mod output;
mod pace;
mod resident;
mod streaming;
mod streams;
mod target;
mod ticker;
mod upstream;
pub mod value;

pub use artifact::{ArtifactError, Artifacts};
pub use engine::{Engines, compatibility, config};
pub use executor::Executor;
pub use guard::Guard;
pub use imports::{foreign, is_hosts};
pub use modules::check_imports;
pub use resident::resident;
pub use streams::{Carries, End, NoPeer, Outgoing, Peer, Pieces};
pub use target::{Target, UnknownTarget};
pub use upstream::{Artifact, Upstream};
