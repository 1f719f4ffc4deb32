//! What contexts may ask for: the modules that were called in them, the sources that were offered.

use super::asked::Asked;
use super::sources::Sources;
use crate::module::{Module, Repository};
use bytes::Bytes;
use proto::message::{CompatibilityId, Hello, ModuleRef};
use proto::{ContextId, Digest};
use runtime::Artifact;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// Compresses machine code to about a third, faster than most networks carry it.
const ZSTD_LEVEL: i32 = 3;

/// Shared by the master, its contexts and its receiver.
pub(super) struct Library {
    repository: Arc<Repository>,
    sources: Sources,
    state: Mutex<State>,
}

type PackedCell = Arc<OnceCell<Arc<Packed>>>;

#[derive(Default)]
struct State {
    contexts: HashMap<ContextId, Known>,
    modules: HashMap<Digest, Arc<Module>>,
    packed: HashMap<(Digest, CompatibilityId), PackedCell>,
}

/// A context that is here.
struct Known {
    name: String,
    hello: Hello,
    asked: Arc<Asked>,
}

/// An artifact, ready to be sent.
pub(super) struct Packed {
    pub(super) artifact: Artifact,
    pub(super) zstd: Bytes,
}

impl Library {
    pub(super) fn new(repository: Arc<Repository>) -> Self {
        Self {
            repository,
            sources: Sources::default(),
            state: Mutex::default(),
        }
    }

    pub(super) fn repository(&self) -> &Repository {
        &self.repository
    }

    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    pub(super) fn arrived(&self, id: ContextId, name: String, hello: Hello) {
        let asked = Arc::default();
        let known = Known { name, hello, asked };
        self.lock().contexts.insert(id, known);
    }

    pub(super) fn left(&self, id: ContextId) {
        if let Some(known) = self.lock().contexts.remove(&id) {
            known.asked.close();
        }
    }

    /// What a context has asked for, if it is still here.
    pub(super) fn asked(&self, id: ContextId) -> Option<Arc<Asked>> {
        self.lock()
            .contexts
            .get(&id)
            .map(|known| known.asked.clone())
    }

    /// What people call a context.
    pub(super) fn name(&self, id: ContextId) -> String {
        let name = self
            .lock()
            .contexts
            .get(&id)
            .map(|known| known.name.clone());
        name.unwrap_or_else(|| format!("context {id}"))
    }

    /// From now on contexts may ask for this module.
    pub(super) fn offer(&self, module: &Arc<Module>) {
        let mut state = self.lock();
        state
            .modules
            .entry(module.reference.digest)
            .or_insert_with(|| module.clone());
    }

    /// The machine code of a module for a context that asks for it, compiled and packed once.
    pub(super) async fn packed(
        self: &Arc<Self>,
        src: ContextId,
        wanted: &ModuleRef,
    ) -> Result<Arc<Packed>, String> {
        let (module, target, cell) = {
            let mut state = self.lock();
            let known = state.contexts.get(&src).ok_or("the context is unknown")?;
            let hello = &known.hello;
            let (target, compatibility) = (hello.target.clone(), hello.compatibility.clone());
            let module = state
                .modules
                .get(&wanted.digest)
                .ok_or("the master has not offered it")?
                .clone();
            let key = (wanted.digest, compatibility);
            (module, target, state.packed.entry(key).or_default().clone())
        };
        let this = self.clone();
        let pack = async || {
            let work = tokio::task::spawn_blocking(move || this.pack(&module, &target));
            work.await.map_err(|error| error.to_string())?
        };
        cell.get_or_try_init(pack).await.cloned()
    }

    fn pack(&self, module: &Module, target: &str) -> Result<Arc<Packed>, String> {
        let artifact = if target == crate::module::compile::native_target() {
            module.artifact.clone()
        } else {
            self.repository
                .compiler()
                .artifact(&module.reference, &module.bytes, target)
                .map_err(|error| error.to_string())?
        };
        let zstd =
            zstd::bulk::compress(&artifact.bytes, ZSTD_LEVEL).map_err(|error| error.to_string())?;
        Ok(Arc::new(Packed {
            artifact,
            zstd: zstd.into(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
