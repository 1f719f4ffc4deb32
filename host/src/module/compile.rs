//! Ahead-of-time compilation, once for each component, kind of machine and processor.

use super::ModuleError;
use bytes::Bytes;
use proto::Digest;
use proto::message::{EngineKind, ModuleRef};
use runtime::{Artifact, Artifacts, Target};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use wasmparser::Payload;
use wasmtime::component::Component;
use wasmtime::{Engine, OptLevel, Result};

/// Compiles, and keeps what it compiled in memory and in the user's cache directory.
pub struct Compiler {
    cache: Option<Artifacts>,
    engines: Mutex<HashMap<(EngineKind, Option<Target>), Engine>>,
}

impl Compiler {
    /// A compiler that keeps artifacts in `cache`, if there is one.
    #[must_use]
    pub fn new(cache: Option<Artifacts>) -> Self {
        Self {
            cache,
            engines: Mutex::default(),
        }
    }

    /// The machine code of a component for a target: from the cache, else compiled.
    ///
    /// # Errors
    /// If wasmtime refuses the component.
    pub fn artifact(
        &self,
        module: &ModuleRef,
        component: &Bytes,
        target: &Target,
    ) -> Result<Artifact, ModuleError> {
        let compatibility = runtime::compatibility(target);
        let path = self
            .cache
            .as_ref()
            .map(|cache| cache.path(&module.digest, &compatibility));
        if let (Some(cache), Some(path)) = (&self.cache, &path) {
            match cache.read(path) {
                Ok(Some(artifact)) => return Ok(artifact),
                Ok(None) => {}
                Err(error) => tracing::warn!("{error}; compiling `{}` anew", module.name),
            }
        }
        tracing::debug!("compiling `{}` for {target}", module.name);
        let artifact = self.compile(module, component, target)?;
        if let (Some(cache), Some(path)) = (&self.cache, &path)
            && let Err(error) = cache.store(path, &artifact)
        {
            tracing::warn!("the compiled module is not kept: {error}");
        }
        Ok(artifact)
    }

    /// The component as this process sees it: to look at its types, never to run it.
    ///
    /// # Errors
    /// If the artifact is not for this machine.
    pub fn reflect(
        &self,
        module: &ModuleRef,
        artifact: &Artifact,
    ) -> Result<Component, ModuleError> {
        let engine = self.engine(artifact.engine, None);
        let engine = engine.map_err(|error| failed(module, &error))?;
        artifact
            .load(&engine)
            .map_err(|error| ModuleError::Compile {
                name: module.name.clone(),
                why: error.to_string(),
            })
    }

    /// For the plain engine if that takes the component, else for the concurrent one: only a
    /// component that uses `async`, streams or futures needs it, or WASI 0.3, which is made of these.
    fn compile(
        &self,
        module: &ModuleRef,
        component: &Bytes,
        target: &Target,
    ) -> Result<Artifact, ModuleError> {
        let compile = |kind| {
            let code = self
                .engine(kind, Some(target))?
                .precompile_component(component)?;
            Ok(Artifact {
                engine: kind,
                digest: Digest(*blake3::hash(&code).as_bytes()),
                bytes: code.into(),
            })
        };
        let compiled = if imports_wasi_0_3(component) {
            compile(EngineKind::Concurrent)
        } else {
            compile(EngineKind::Plain).or_else(|_| compile(EngineKind::Concurrent))
        };
        compiled.map_err(|error| failed(module, &error))
    }

    fn engine(&self, kind: EngineKind, target: Option<&Target>) -> Result<Engine> {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (kind, target.cloned());
        if let Some(engine) = engines.get(&key) {
            return Ok(engine.clone());
        }
        let mut config = runtime::config(kind, target)?;
        config.cranelift_opt_level(OptLevel::Speed);
        for flag in target.iter().flat_map(|target| target.flags()) {
            // SAFETY: each flag allows instructions and nothing else; wasmtime loads such code only where it finds that
            // the processor has them.
            unsafe { config.cranelift_flag_enable(flag) };
        }
        let engine = Engine::new(&config)?;
        engines.insert(key, engine.clone());
        Ok(engine)
    }
}

/// What is no component imports nothing: the compiler says what is wrong with it.
fn imports_wasi_0_3(component: &[u8]) -> bool {
    let names = wasmparser::Parser::new(0)
        .parse_all(component)
        .flat_map(|payload| match payload {
            Ok(Payload::ComponentImportSection(imports)) => imports
                .into_iter()
                .flatten()
                .map(|import| import.name.name)
                .collect(),
            _ => Vec::new(),
        });
    names
        .into_iter()
        .any(|name| name.starts_with("wasi:") && name.contains("@0.3."))
}

fn failed(module: &ModuleRef, error: &wasmtime::Error) -> ModuleError {
    ModuleError::Compile {
        name: module.name.clone(),
        why: format!("{error:#}"),
    }
}
