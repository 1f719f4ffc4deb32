//! What contexts may ask for: the modules that were called in them, the sources that were offered.

use super::sources::Sources;
use crate::module::{Module, Repository};
use async_trait::async_trait;
use broker::Broker;
use broker::content::{Contents, Packed, Served};
use proto::message::{CompatibilityId, Content, EngineKind, ModuleRef, Transfer};
use proto::{ContextId, Digest};
use runtime::Target;
use std::collections::{BTreeMap, HashMap};
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

/// A context that is there.
struct Known {
    name: String,
    compatibility: CompatibilityId,
    target: Target,
}

type PackedCell = Arc<OnceCell<Arc<Packed>>>;

#[derive(Default)]
struct State {
    contexts: BTreeMap<ContextId, Known>,
    modules: HashMap<Digest, Arc<Module>>,
    /// What is used together: whoever gets the one had better get the others.
    related: HashMap<Digest, Vec<ModuleRef>>,
    packed: HashMap<(Digest, CompatibilityId), PackedCell>,
}

impl Library {
    pub(super) fn new(repository: Arc<Repository>) -> Self {
        Self {
            repository,
            sources: Sources::default(),
            state: Mutex::default(),
        }
    }

    pub(super) fn repository(&self) -> &Arc<Repository> {
        &self.repository
    }

    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// A context has come, whom people call so, and which takes machine code for this target.
    pub(super) fn arrived(&self, id: ContextId, name: &str, target: Target) {
        let known = Known {
            name: name.to_owned(),
            compatibility: runtime::compatibility(&target),
            target,
        };
        self.lock().contexts.insert(id, known);
    }

    pub(super) fn left(&self, id: ContextId) {
        self.lock().contexts.remove(&id);
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

    /// From now on contexts may ask for this module. False if they could already.
    pub(super) fn offer(&self, module: &Arc<Module>) -> bool {
        let mut state = self.lock();
        let digest = module.reference.digest;
        let new = !state.modules.contains_key(&digest);
        if new {
            state.modules.insert(digest, module.clone());
        }
        new
    }

    /// Whoever asks for the one gets the others, too.
    pub(super) fn relate(&self, module: &ModuleRef, others: Vec<ModuleRef>) {
        self.lock().related.insert(module.digest, others);
    }

    /// The machine code of a module for contexts that take this kind, compiled and packed once.
    async fn packed(
        &self,
        wanted: &ModuleRef,
        compatibility: &CompatibilityId,
    ) -> Result<Arc<Packed>, String> {
        let (module, target, cell) = {
            let mut state = self.lock();
            let takes = |known: &&Known| known.compatibility == *compatibility;
            let known = state.contexts.values().find(takes);
            let target = known
                .ok_or("nobody here takes this machine code")?
                .target
                .clone();
            let module = state.modules.get(&wanted.digest);
            let module = module.ok_or("the master has not offered it")?.clone();
            let key = (wanted.digest, compatibility.clone());
            (module, target, state.packed.entry(key).or_default().clone())
        };
        let repository = self.repository.clone();
        let pack = async || {
            let work = tokio::task::spawn_blocking(move || pack(&repository, &module, &target));
            work.await.map_err(|error| error.to_string())?
        };
        cell.get_or_try_init(pack).await.cloned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pack(repository: &Repository, module: &Module, target: &Target) -> Result<Arc<Packed>, String> {
    let artifact = if *target == Target::native() {
        module.artifact.clone()
    } else {
        repository
            .compiler()
            .artifact(&module.reference, &module.bytes, target)
            .map_err(|error| error.to_string())?
    };
    let zstd =
        zstd::bulk::compress(&artifact.bytes, ZSTD_LEVEL).map_err(|error| error.to_string())?;
    Ok(Arc::new(Packed {
        transfer: Transfer {
            packed_len: zstd.len() as u64,
            len: artifact.bytes.len() as u64,
            digest: artifact.digest,
        },
        engine: artifact.engine,
        zstd: zstd.into(),
    }))
}

#[async_trait]
impl Contents for Library {
    async fn find(&self, _broker: &Broker, content: &Content) -> Result<Served, String> {
        let packed = match content {
            Content::Module {
                module,
                compatibility,
            } => self.packed(module, compatibility).await?,
            Content::Resource(digest) => {
                // Shared with the other contexts that want it, as long as one of them is being sent it.
                self.sources.packed(digest).await?
            }
        };
        Ok(Served::Whole(packed))
    }

    fn related(&self, module: &ModuleRef, compatibility: &CompatibilityId) -> Vec<Content> {
        let state = self.lock();
        let related = state.related.get(&module.digest);
        let content = |module: &ModuleRef| Content::Module {
            module: module.clone(),
            compatibility: compatibility.clone(),
        };
        related.map_or_else(Vec::new, |related| related.iter().map(content).collect())
    }
}

/// What is sent of a file of this machine.
pub(super) fn resource(digest: Digest, len: u64, zstd: bytes::Bytes) -> Packed {
    Packed {
        transfer: Transfer {
            packed_len: zstd.len() as u64,
            len,
            digest,
        },
        // Data has no engine; nobody looks at it.
        engine: EngineKind::Plain,
        zstd,
    }
}
