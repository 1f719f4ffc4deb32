//! What a guest may import besides WASI: one file for each interface of `wit/`.

mod blocking;
mod channels;
mod command;
mod contexts;
mod files;
mod http;
mod locate;
mod log;
mod names;
pub(crate) mod network;
mod roots;
mod secrets;
mod services;
mod sources;
mod system;
mod users;

pub use blocking::blocking;
pub(crate) use command::MAX_PROCESSES;
pub(crate) use http::Http;
pub(crate) use roots::Roots;

use crate::guest::Guest;
use wasmtime::component::{HasSelf, Linker};

pub(crate) mod bindings {
    //! Generated from `wit/`, the contract.
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "imports",
        imports: { default: async | trappable },
        with: { "zymogen:task/command.process": crate::host::command::Process },
    });
}

pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    bindings::Imports::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
}
