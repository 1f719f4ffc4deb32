//! Programs for WASI 0.1, which most compilers make: core modules with a `main`. They become components that export
//! `wasi:cli/run`, by the adapter of wasmtime's authors.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wasmparser::{ExternalKind, Parser, Payload};
use wit_component::ComponentEncoder;

/// What a program's `main` is exported as.
const START: &str = "_start";

/// Is this core module a program: does it begin somewhere, and need nothing but WASI 0.1?
pub(super) fn is_program(bytes: &[u8]) -> bool {
    let (mut starts, mut foreign) = (false, false);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(Payload::ImportSection(imports)) => {
                let known = |module: &str| module == WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
                let mut imports = imports.into_imports();
                foreign |= !imports.all(|import| import.is_ok_and(|import| known(import.module)));
            }
            Ok(Payload::ExportSection(exports)) => {
                let is_start = |name: &str, kind| name == START && kind == ExternalKind::Func;
                let mut exports = exports.into_iter().flatten();
                starts |= exports.any(|export| is_start(export.name, export.kind));
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    starts && !foreign
}

/// The component of a program.
///
/// # Errors
/// What is wrong with it, for a person.
pub(super) fn componentize(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let adapter = WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(bytes)
        .and_then(|encoder| encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter))
        .and_then(ComponentEncoder::encode);
    encoded.map_err(|error| format!("{error:#}"))
}
