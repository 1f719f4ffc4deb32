//! From what a user calls a module to the module: the standard library by name, files by path, and what is in registries.

use super::bind::Binding;
use super::compile::Compiler;
use super::compose::{Part, compose};
use super::wit::Wit;
use super::{Module, ModuleError, program};
use crate::build::{Place, StdModules};
use crate::registry::{Reference, Registries};
use bytes::Bytes;
use proto::Digest;
use proto::message::ModuleRef;
use runtime::Target;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The first four bytes of all WebAssembly.
const WASM_MAGIC: [u8; 4] = *b"\0asm";
/// The layer in bytes 6 and 7: 0 for a core module, 1 for a component.
const COMPONENT_LAYER: [u8; 2] = [1, 0];

/// The modules that this master can ship.
pub struct Repository {
    std_modules: StdModules,
    compiler: Compiler,
    registries: Registries,
    /// Modules that others may use.
    offered: OnceLock<Vec<Part>>,
    /// Imports that lead elsewhere.
    bindings: OnceLock<Vec<Binding>>,
    found: Mutex<BTreeMap<String, Arc<Module>>>,
}

impl Repository {
    /// A repository of the standard library, of whatever paths name, and of all registries.
    #[must_use]
    pub fn new(std_modules: StdModules, compiler: Compiler) -> Self {
        Self {
            std_modules,
            compiler,
            registries: Registries::default(),
            offered: OnceLock::new(),
            bindings: OnceLock::new(),
            found: Mutex::default(),
        }
    }

    /// The same, with registries that say what they do.
    #[must_use]
    pub fn with_registries(self, registries: Registries) -> Self {
        Self { registries, ..self }
    }

    /// Pulls and pushes modules.
    #[must_use]
    pub fn registries(&self) -> &Registries {
        &self.registries
    }

    /// Offers modules to all that are found from now on. To be called once, before the first of them.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn offer(&self, references: &[String]) -> Result<(), ModuleError> {
        let parts = references.iter().map(|reference| self.read(reference));
        let parts: Vec<_> = parts.collect::<Result<_, _>>()?;
        // A second set would say something else of modules that were found with the first.
        let _ = self.offered.set(parts);
        Ok(())
    }

    /// Binds imports of all that are found from now on to modules elsewhere. To be called once, before the first of them.
    pub fn bind(&self, bindings: Vec<Binding>) {
        // As with what is offered.
        let _ = self.bindings.set(bindings);
    }

    /// Has each binding bound something, once all modules are found?
    ///
    /// # Errors
    /// One that has not.
    pub fn all_bound(&self) -> Result<(), ModuleError> {
        let found = self.lock();
        let bound: Vec<_> = found.values().flat_map(|module| &module.bound).collect();
        let mut bindings = self.bindings.get().into_iter().flatten();
        match bindings.find(|binding| !bound.iter().any(|bound| binding.is_for(&bound.interface))) {
            None => Ok(()),
            Some(unused) => Err(ModuleError::NothingToBind {
                interface: unused.interface.clone(),
                callee: unused.callee.to_string(),
            }),
        }
    }

    /// Compiles modules for other machines.
    #[must_use]
    pub fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// The names of the standard library, sorted.
    ///
    /// # Errors
    /// If it is neither at hand nor can be built.
    pub fn std_names(&self) -> Result<Vec<String>, ModuleError> {
        Ok(self.std_modules.names()?)
    }

    /// Finds a module: what begins with `oci:` is in a registry, with a slash or ending in `.wasm` it is a path, and
    /// any other is the name of a standard module. Compiles it for this machine if that was not done before.
    ///
    /// # Errors
    /// If there is none, or it is no valid component.
    pub fn find(&self, reference: &str) -> Result<Arc<Module>, ModuleError> {
        self.find_for(reference, &[])
    }

    /// The same for an import of modules, the last of which is bound to it.
    fn find_for(&self, reference: &str, users: &[&str]) -> Result<Arc<Module>, ModuleError> {
        let known = self.lock().get(reference).cloned();
        if let Some(module) = known {
            return Ok(module);
        }
        if users.contains(&reference) {
            return Err(ModuleError::Circle {
                module: reference.to_owned(),
                modules: users.iter().map(|&user| user.to_owned()).collect(),
            });
        }
        let users = [users, &[reference]].concat();
        let module = Arc::new(self.load(reference, &users)?);
        self.lock().insert(reference.to_owned(), module.clone());
        Ok(module)
    }

    fn load(&self, reference: &str, users: &[&str]) -> Result<Module, ModuleError> {
        let part = self.read(reference)?;
        let offered = self.offered.get().map_or(&[][..], Vec::as_slice);
        let (bytes, uses) = compose(&part, offered)?;
        let reference = ModuleRef {
            name: part.name,
            digest: Digest(*blake3::hash(&bytes).as_bytes()),
        };
        let artifact = self
            .compiler
            .artifact(&reference, &bytes, &Target::native())?;
        let component = self.compiler.reflect(&reference, &artifact)?;
        let bindings = self.bindings.get().map_or(&[][..], Vec::as_slice);
        let binding = |import: &str| bindings.iter().find(|binding| binding.is_for(import));
        runtime::check_imports(artifact.engine, &component, &|import| {
            binding(import).is_some()
        })
        .map_err(|error| ModuleError::Import {
            name: reference.name.clone(),
            why: format!("{error:#}"),
        })?;
        let mut bound = Vec::new();
        for (interface, functions) in runtime::foreign(&component) {
            if let Some(binding) = binding(&interface) {
                let module = self.find_for(&binding.reference, users)?;
                bound.push(binding.resolve(&reference.name, &interface, &functions, module)?);
            }
        }
        // Of those that it uses nobody calls anything.
        let wit = Wit::of(&reference.name, &part.bytes)?;
        Ok(Module {
            reference,
            wit,
            uses,
            bound,
            artifact,
            bytes,
            component,
        })
    }

    /// The component that a reference means, as it is: neither linked nor compiled.
    ///
    /// # Errors
    /// If there is none, or it is something else than a component.
    pub fn read(&self, reference: &str) -> Result<Part, ModuleError> {
        if Reference::is_meant(reference) {
            let parsed: Reference = reference.parse()?;
            let bytes = self.registries.component(&parsed)?;
            let bytes = component(Path::new(reference), bytes)?;
            let name = parsed.name().to_owned();
            return Ok(Part { name, bytes });
        }
        let is_path = reference.contains('/') || reference.ends_with(".wasm");
        let place = if is_path {
            Place::File(PathBuf::from(reference))
        } else {
            self.std_place(reference)?
        };
        let path = place.path();
        let bytes = match place {
            Place::File(path) => read(&path)?,
            carried => carried.read()?.into(),
        };
        let bytes = component(&path, bytes)?;
        let name = path.file_stem().map_or_else(
            || reference.to_owned(),
            |stem| stem.to_string_lossy().into_owned(),
        );
        Ok(Part { name, bytes })
    }

    fn std_place(&self, name: &str) -> Result<Place, ModuleError> {
        let known = self.std_names()?;
        if known.iter().any(|known| known == name) {
            Ok(self.std_modules.find(name)?)
        } else {
            Err(ModuleError::Unknown {
                name: name.to_owned(),
                known,
            })
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Module>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Result<Bytes, ModuleError> {
    let bytes = std::fs::read(path).map_err(|error| ModuleError::File {
        path: path.to_owned(),
        error,
    })?;
    Ok(bytes.into())
}

/// The component in a file, or what else it is.
fn component(path: &Path, bytes: Bytes) -> Result<Bytes, ModuleError> {
    if !bytes.starts_with(&WASM_MAGIC) {
        return Err(ModuleError::NotWasm {
            path: path.to_owned(),
            found: bytes.iter().take(4).copied().collect(),
        });
    }
    if bytes.get(6..8) == Some(&COMPONENT_LAYER) {
        return Ok(bytes);
    }
    if !program::is_program(&bytes) {
        return Err(ModuleError::CoreModule {
            path: path.to_owned(),
        });
    }
    let component = program::componentize(&bytes);
    let component = component.map_err(|why| ModuleError::Program {
        path: path.to_owned(),
        why,
    })?;
    Ok(component.into())
}
