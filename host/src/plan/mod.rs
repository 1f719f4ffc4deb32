//! Plans: what a `deploy.toml` says, and everything that can be known about it before a host is touched.
//!
//! | file | what |
//! |---|---|
//! | [`model`] | what a plan says |
//! | [`mod@read`], [`mod@toml`] | from its text to the model |
//! | [`mod@check`] | names, modules, types, templates and files, all errors at once |
//! | [`params`], [`sources`] | the parameters of one task against its module's types |
//! | [`vars`], [`scope`], [`names`] | what templates can see |
//! | [`identifier`] | which names they can say |
//! | [`template`], [`render`] | minijinja, strict; values in the place of templates |
//!
//! Nothing here touches a host. Whatever it says about a text it says with the place in it.

pub mod check;
pub mod identifier;
pub mod model;
pub mod names;
pub mod params;
pub mod read;
pub mod render;
pub mod scope;
pub mod secrets;
pub mod sources;
pub mod template;
pub mod toml;
pub mod vars;

#[cfg(test)]
pub(crate) mod tests;

pub use check::{Against, Checked, Host, Ready, check, check_parts};
pub use model::Plan;
pub use read::{read, read_parts};
pub use template::Engine;
pub use vars::{Overrides, Setting};
