//! All that a guest may import.

use crate::guest::Guest;
use crate::host;
use proto::message::EngineKind;
use wasmtime::component::Linker;
use wasmtime::{Engine, Result};

/// The linker for an engine of this kind.
///
/// # Errors
/// If two interfaces define the same, which only a bug can cause.
pub fn linker(engine: &Engine, kind: EngineKind) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    host::network::replace_lookup(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    if kind == EngineKind::Concurrent {
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        host::network::replace_lookup_p3(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    }
    host::add_to_linker(&mut linker)?;
    Ok(linker)
}
