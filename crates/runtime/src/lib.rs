//! The one place that knows wasmtime: engines, artifacts, values. What a guest finds around it is [`sandbox`].
//!
//! [`Executor`] runs a call: it finds the module ([`modules`], which asks the [`Supply`] for what it
//! lacks), makes a store with nothing in it but what the call's policy grants ([`sandbox`]), calls the
//! export by reflection ([`value`]), and drops the store. Dropping it is how a call is cancelled.
//! It knows neither streams nor frames, and cannot compile.

mod artifact;
mod engine;
mod executor;
mod imports;
mod instances;
mod modules;
mod pace;
mod resident;
mod streaming;
mod streams;
mod supply;
mod target;
mod ticker;
pub mod value;

pub use artifact::{ArtifactError, Artifacts};
pub use engine::{Engines, compatibility, config};
pub use executor::Executor;
pub use imports::{foreign, is_hosts};
pub use modules::check_imports;
pub use resident::resident;
pub use sandbox::{Guard, Upstream};
pub use streams::{Carries, End, NoPeer, Outgoing, Peer, Pieces};
pub use supply::{Artifact, Supply};
pub use target::{Target, UnknownTarget};
