//! Components of WIT alone, for tests: they have imports and exports, and do nothing.

use super::compile::Compiler;
use super::{Module, Repository};
use crate::build::{Silent, Sources, StdModules};
use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

/// A component with the imports and exports of a world.
pub(crate) fn component(wit: &str, world: &str) -> Bytes {
    let mut resolve = Resolve::default();
    let package = resolve.push_source("test.wit", wit).unwrap();
    let id = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = dummy_module(&resolve, id, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, id, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap().encode().unwrap().into()
}

/// The same, compiled.
pub(crate) fn module(wit: &str, world: &str) -> Arc<Module> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("{world}.wasm"));
    std::fs::write(&path, component(wit, world)).unwrap();
    let repository = repository(directory.path());
    repository.find(path.to_str().unwrap()).unwrap()
}

/// A repository without a standard library.
pub(crate) fn repository(home: &Path) -> Repository {
    let sources = Sources::directory(home.to_owned());
    let std_modules = StdModules::new(sources, Arc::new(Silent));
    Repository::new(std_modules, Compiler::new(None))
}
