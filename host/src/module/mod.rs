//! Modules: components with a name and a digest, compiled here, described by their WIT.
//!
//! | file | what |
//! |---|---|
//! | [`mod@repository`] | from what a user calls a module to the module |
//! | `program` | programs of WASI 0.1, which become components |
//! | [`mod@compose`] | modules that use modules |
//! | [`mod@bind`] | modules that use modules elsewhere |
//! | [`mod@compile`] | from a component to machine code, once |
//! | [`mod@wit`] | what the component's own WIT says: documentation, names of types |
//! | [`mod@task`] | modules that `deploy` can run, and the grants that their parameters name |

pub mod bind;
pub mod compile;
pub mod compose;
#[cfg(test)]
pub(crate) mod dummy;
pub mod error;
mod program;
mod prose;
pub mod repository;
pub mod task;
#[cfg(test)]
mod tests;
pub mod wit;

pub use bind::{Binding, Bound};
pub use compose::{Part, Use};
pub use error::ModuleError;
pub use repository::Repository;
pub use task::{Resource, ResourceKind, Task};

use proto::message::{Export, ModuleRef};
use proto::policy::Callee;
use runtime::Artifact;
use std::collections::BTreeSet;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Type};

/// A component that is ready to be shipped and called.
pub struct Module {
    /// Its name and digest.
    pub reference: ModuleRef,
    /// What its WIT says.
    pub wit: wit::Wit,
    /// Which other modules are in it, and for what.
    pub uses: Vec<Use>,
    /// Imports that are bound to modules elsewhere.
    pub bound: Vec<Bound>,
    /// Its machine code for this machine's kind.
    pub artifact: Artifact,
    /// The component's bytes, from which other machines' code is made.
    pub(crate) bytes: bytes::Bytes,
    component: Component,
}

/// An exported function.
#[derive(Clone, Debug)]
pub struct Function {
    /// How a call names it.
    pub export: Export,
    /// Names and types of its parameters.
    pub params: Vec<(String, Type)>,
    /// One, named `result`, or none.
    pub results: Vec<(String, Type)>,
    /// Is it `async`?
    pub is_async: bool,
}

impl Function {
    /// Is it what a program exports, with a command line and standard streams?
    #[must_use]
    pub fn is_program(&self) -> bool {
        let interface = self.export.interface.as_deref();
        interface.is_some_and(|interface| interface.starts_with("wasi:cli/run@"))
    }
}

impl Module {
    /// All functions that it exports, in the order of the component.
    #[must_use]
    pub fn functions(&self) -> Vec<Function> {
        let engine = self.component.engine();
        let ty = self.component.component_type();
        let mut functions = Vec::new();
        for (name, item) in ty.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(ty) => functions.push(function(None, name, &ty)),
                ComponentItem::ComponentInstance(instance) => {
                    for (inner, item) in instance.exports(engine) {
                        if let ComponentItem::ComponentFunc(ty) = item.ty {
                            functions.push(function(Some(name), inner, &ty));
                        }
                    }
                }
                _ => {}
            }
        }
        functions
    }

    /// The interfaces that it imports: what a context must offer to run it.
    #[must_use]
    pub fn imports(&self) -> Vec<String> {
        let engine = self.component.engine();
        let ty = self.component.component_type();
        ty.imports(engine)
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// The modules to which its imports are bound, and theirs.
    #[must_use]
    pub fn callees(&self) -> BTreeSet<Callee> {
        let mut found = BTreeSet::new();
        let mut bound: Vec<_> = self.bound.iter().collect();
        while let Some(next) = bound.pop() {
            found.insert(next.callee.clone());
            bound.extend(&next.module.bound);
        }
        found
    }

    /// Finds an export by what a user writes: `ns:pkg/iface@1.0.0#func`, without the version,
    /// `iface#func`, or `func` alone where only one interface, or the world, has it.
    ///
    /// # Errors
    /// If there is none of that name, or several.
    pub fn function(&self, name: &str) -> Result<Function, ModuleError> {
        let all = self.functions();
        let (interface, short) = match name.rsplit_once('#') {
            Some((interface, short)) => (Some(interface), short),
            None => (None, name),
        };
        let fits = |function: &&Function| {
            function.export.function == short
                && match (interface, &function.export.interface) {
                    (None, _) => true,
                    (Some(wanted), Some(found)) => interface_matches(wanted, found),
                    (Some(_), None) => false,
                }
        };
        let found: Vec<_> = all.iter().filter(fits).collect();
        // The world's own functions have no longer name, so that they come first.
        let of_world = found
            .iter()
            .find(|function| function.export.interface.is_none());
        match (of_world, found.as_slice()) {
            (Some(function), _) => Ok((**function).clone()),
            (None, [only]) => Ok((*only).clone()),
            (None, []) => Err(ModuleError::NoExport {
                module: self.reference.name.clone(),
                export: name.to_owned(),
                known: all.iter().map(|f| f.export.to_string()).collect(),
            }),
            (None, several) if let Some(newest) = newest_program(several) => Ok(newest.clone()),
            (None, several) => Err(ModuleError::Ambiguous {
                module: self.reference.name.clone(),
                export: name.to_owned(),
                candidates: several.iter().map(|f| f.export.to_string()).collect(),
            }),
        }
    }

    /// The module as a task.
    ///
    /// # Errors
    /// If it exports nothing of the shape that `zymogen:task/types` asks for.
    pub fn task(&self) -> Result<Task, ModuleError> {
        Task::of(self)
    }
}

fn function(interface: Option<&str>, name: &str, ty: &ComponentFunc) -> Function {
    Function {
        export: Export {
            interface: interface.map(str::to_owned),
            function: name.to_owned(),
        },
        params: ty
            .params()
            .map(|(name, ty)| (name.to_owned(), ty))
            .collect(),
        results: ty.results().map(|ty| ("result".to_owned(), ty)).collect(),
        is_async: ty.async_(),
    }
}

/// Of several that are one program for several versions of WASI, the last version's.
fn newest_program<'a>(functions: &[&'a Function]) -> Option<&'a Function> {
    let mut versions = Vec::new();
    for function in functions.iter().filter(|function| function.is_program()) {
        let (_, version) = function.export.interface.as_deref()?.split_once('@')?;
        versions.push((semver::Version::parse(version).ok()?, *function));
    }
    let newest = versions.iter().max_by(|a, b| a.0.cmp(&b.0));
    newest
        .filter(|_| versions.len() == functions.len())
        .map(|(_, function)| *function)
}

/// `wanted` may leave out the version, and the package.
fn interface_matches(wanted: &str, found: &str) -> bool {
    let unversioned = found.split('@').next().unwrap_or(found);
    let short = unversioned.rsplit('/').next().unwrap_or(unversioned);
    [found, unversioned, short].contains(&wanted)
}
