//! The modules that this context can call: in memory, else on disk, else from the parent.

use crate::artifact::Artifacts;
use crate::engine::Engines;
use crate::imports;
use crate::pace::Pace;
use crate::supply::{Artifact, Supply};
use crate::value::{self, Signature};
use proto::Digest;
use proto::message::{CompatibilityId, EngineKind, Export, ModuleRef, Outcome, RefusedKind};
use sandbox::Guest;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker, Type};

/// Modules that stay in memory; the one that was called longest ago gives way.
const KEPT: usize = 64;

pub(crate) struct Modules {
    engines: Arc<Engines>,
    compatibility: CompatibilityId,
    artifacts: Option<Artifacts>,
    upstream: Arc<dyn Supply>,
    linkers: [OnceCell<Linker<Guest>>; 2],
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    modules: BTreeMap<Digest, Slot>,
    clock: u64,
}

struct Slot {
    name: String,
    module: Arc<OnceCell<Arc<Module>>>,
    used: u64,
}

/// A module that is ready to be instantiated.
pub(crate) struct Module {
    pub(crate) kind: EngineKind,
    pub(crate) instances: InstancePre<Guest>,
    /// An interface that it imports and that nobody here offers.
    pub(crate) bound: Option<String>,
    functions: Mutex<HashMap<Export, Arc<Function>>>,
}

/// An export that is ready to be called.
pub(crate) struct Function {
    pub(crate) index: ComponentExportIndex,
    /// Names and types.
    pub(crate) params: Vec<(String, Type)>,
    /// One, named `result`, or none.
    pub(crate) results: Vec<(String, Type)>,
    /// How to call it without a `Val`, if that is possible.
    pub(crate) direct: Option<Signature>,
    /// As its caller names it.
    pub(crate) name: String,
    /// Do streams or futures go in or come out?
    pub(crate) streams: bool,
    /// Do resources?
    pub(crate) resources: bool,
    pub(crate) pace: Pace,
}

impl Modules {
    pub(crate) fn new(
        engines: Arc<Engines>,
        compatibility: CompatibilityId,
        artifacts: Option<Artifacts>,
        upstream: Arc<dyn Supply>,
    ) -> Self {
        Self {
            engines,
            compatibility,
            artifacts,
            upstream,
            linkers: [OnceCell::new(), OnceCell::new()],
            kept: Mutex::default(),
        }
    }

    /// Finds a module. Calls that need the same one at the same time wait for one load.
    pub(crate) async fn get(&self, wanted: &ModuleRef) -> Result<Arc<Module>, Outcome> {
        let cell = self.slot(wanted);
        cell.get_or_try_init(|| self.load(wanted)).await.cloned()
    }

    /// The export, if it is at hand.
    pub(crate) fn at_hand(&self, digest: &Digest, export: &Export) -> Option<Arc<Function>> {
        let kept = lock(&self.kept);
        let module = kept.modules.get(digest)?.module.get()?.clone();
        drop(kept);
        lock(&module.functions).get(export).cloned()
    }

    /// The modules that are loaded.
    pub(crate) fn loaded(&self) -> Vec<ModuleRef> {
        let kept = lock(&self.kept);
        let loaded = kept
            .modules
            .iter()
            .filter(|(_, slot)| slot.module.initialized());
        let named = |(digest, slot): (&Digest, &Slot)| ModuleRef {
            name: slot.name.clone(),
            digest: *digest,
        };
        loaded.map(named).collect()
    }

    fn slot(&self, wanted: &ModuleRef) -> Arc<OnceCell<Arc<Module>>> {
        let digest = wanted.digest;
        let mut kept = lock(&self.kept);
        kept.clock += 1;
        let now = kept.clock;
        if kept.modules.len() >= KEPT && !kept.modules.contains_key(&digest) {
            let oldest = kept.modules.iter().min_by_key(|(_, slot)| slot.used);
            if let Some(oldest) = oldest.map(|(digest, _)| *digest) {
                kept.modules.remove(&oldest);
            }
        }
        let slot = kept.modules.entry(digest).or_insert_with(|| Slot {
            name: wanted.name.clone(),
            module: Arc::default(),
            used: now,
        });
        slot.used = now;
        slot.module.clone()
    }

    async fn load(&self, wanted: &ModuleRef) -> Result<Arc<Module>, Outcome> {
        let (kind, component) = match self.load_kept(wanted) {
            Some(found) => found,
            None => self.fetch(wanted).await?,
        };
        let mut linker = self.linker(kind).await?.clone();
        let missing = |error: wasmtime::Error| {
            refused(
                RefusedKind::MissingImport,
                format!("module `{}`: {error:#}", wanted.name),
            )
        };
        // What else it imports is bound elsewhere, as each call in it has to show.
        let bound = imports::define(&mut linker, &component, &|_| true).map_err(missing)?;
        let instances = linker.instantiate_pre(&component).map_err(missing)?;
        Ok(Arc::new(Module {
            kind,
            instances,
            bound,
            functions: Mutex::default(),
        }))
    }

    fn load_kept(&self, wanted: &ModuleRef) -> Option<(EngineKind, Component)> {
        let artifacts = self.artifacts.as_ref()?;
        let path = artifacts.path(&wanted.digest, &self.compatibility);
        let engine = |kind| self.engines.get(kind).cloned();
        artifacts.map(engine, &path).unwrap_or_else(|error| {
            // The parent has a good one.
            tracing::warn!("{}: {error}", path.display());
            let _ = std::fs::remove_file(&path);
            None
        })
    }

    async fn fetch(&self, wanted: &ModuleRef) -> Result<(EngineKind, Component), Outcome> {
        let name = &wanted.name;
        let artifact = self
            .upstream
            .module(wanted)
            .await
            .map_err(|why| refused(RefusedKind::NoModule, format!("module `{name}`: {why}")))?;
        let bad = |why: String| refused(RefusedKind::BadModule, format!("module `{name}`: {why}"));
        let kind = artifact.engine;
        let engine = self.engines.get(kind).map_err(|e| bad(format!("{e:#}")))?;
        self.keep(wanted, &artifact);
        let component = artifact.load(engine).map_err(|e| bad(e.to_string()))?;
        Ok((kind, component))
    }

    fn keep(&self, wanted: &ModuleRef, artifact: &Artifact) {
        let Some(artifacts) = &self.artifacts else {
            return;
        };
        let path = artifacts.path(&wanted.digest, &self.compatibility);
        // What is not as announced is refused in a moment, and must not be stored before.
        let stored = artifact
            .verify()
            .and_then(|()| artifacts.store(&path, artifact));
        if let Err(error) = stored {
            tracing::warn!("the artifact of `{}` is not kept: {error}", wanted.name);
        }
    }

    async fn linker(&self, kind: EngineKind) -> Result<&Linker<Guest>, Outcome> {
        let cell = &self.linkers[usize::from(kind == EngineKind::Concurrent)];
        let make = async || sandbox::linker(self.engines.get(kind)?, kind);
        cell.get_or_try_init(make)
            .await
            .map_err(|error: wasmtime::Error| refused(RefusedKind::BadModule, format!("{error:#}")))
    }
}

impl Module {
    /// Finds an export by name, and remembers its types.
    pub(crate) fn function(&self, export: &Export) -> Result<Arc<Function>, Outcome> {
        if let Some(known) = lock(&self.functions).get(export) {
            return Ok(known.clone());
        }
        let component = self.instances.component();
        let missing = || refused(RefusedKind::NoExport, format!("no export `{export}`"));
        let interface = match &export.interface {
            None => None,
            Some(name) => Some(component.get_export_index(None, name).ok_or_else(missing)?),
        };
        let (item, index) = component
            .get_export(interface.as_ref(), &export.function)
            .ok_or_else(missing)?;
        let ComponentItem::ComponentFunc(ty) = item else {
            return Err(missing());
        };
        let params: Vec<_> = ty
            .params()
            .map(|(name, ty)| (name.to_owned(), ty))
            .collect();
        let results: Vec<_> = ty.results().map(|ty| ("result".to_owned(), ty)).collect();
        // Asked before the guest runs: afterwards it would be too late.
        value::supported(&params)
            .and_then(|()| value::supported(&results))
            .map_err(|error| refused(RefusedKind::Unsupported, format!("`{export}`: {error}")))?;
        let function = Arc::new(Function {
            index,
            pace: Pace::default(),
            name: export.to_string(),
            resources: value::holds(&params, value::is_resource)
                || value::holds(&results, value::is_resource),
            streams: value::holds(&params, value::is_handle)
                || value::holds(&results, value::is_handle),
            params,
            results,
            direct: Signature::of(&ty),
        });
        lock(&self.functions).insert(export.clone(), function.clone());
        Ok(function)
    }
}

/// Would every context offer what this component imports, besides the interfaces that are bound elsewhere? The master asks before
/// it ships one.
///
/// # Errors
/// What it imports that nobody offers.
pub fn check_imports(
    kind: EngineKind,
    component: &Component,
    is_bound: &dyn Fn(&str) -> bool,
) -> wasmtime::Result<()> {
    let mut linker = sandbox::linker(component.engine(), kind)?;
    imports::define(&mut linker, component, is_bound)?;
    linker.instantiate_pre(component).map(drop)
}

pub(crate) fn refused(kind: RefusedKind, message: String) -> Outcome {
    Outcome::Refused { kind, message }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each critical section leaves the value whole at every step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
