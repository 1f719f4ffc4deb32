//! A task's own project: a directory that one language's ordinary tools build, with the WIT that everything is checked by.
//!
//! | file | what |
//! |---|---|
//! | [`manifest`] | `zymogen.toml`: how it is built, and its tests |
//! | [`mod@create`] | a new one, from a template |
//! | [`contract`] | `world.wit`: the task's own WIT, and the host's that it refers to |
//! | [`mod@bindings`] | code for a language that has no generator of its own |
//! | [`mod@build`] | from the sources to a component |
//! | [`mod@run`] | runs its tests |
//! | [`mod@check`] | what they expect, and what came |

pub mod bindings;
pub mod build;
pub mod check;
pub mod contract;
pub mod create;
mod error;
pub mod manifest;
pub mod run;
#[cfg(test)]
mod tests;

pub use error::ProjectError;
pub use manifest::Manifest;

/// The file that makes a directory a project.
pub const MANIFEST: &str = "zymogen.toml";

/// The WIT of a project.
pub const WORLD: &str = "world.wit";

/// Where everything goes that is made.
pub const OUTPUT: &str = "build";
