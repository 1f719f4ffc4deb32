//! Where the wrappers' calls go: to the real host in a component, to the stand-in for tests anywhere else.

#[cfg(target_family = "wasm")]
pub use crate::bindings::zymogen::task::{
    channels, command, contexts, files, log, progress, secrets, services, sources, system, users,
};
#[cfg(not(target_family = "wasm"))]
pub use crate::testing::host::{
    channels, command, contexts, files, log, progress, secrets, services, sources, system, users,
};
