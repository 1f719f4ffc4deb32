//! The master: what `zymogen` is made of, as a library.

pub mod build;
pub mod cli;
pub mod connect;
pub mod deploy;
pub mod error;
pub mod master;
pub mod module;
pub mod output;
pub mod plan;
pub mod project;
pub mod registry;
pub mod secrets;
pub mod testing;
pub mod value;
