//! Imports that are bound to a module in another context, or to another module in the same one.
//!
//! The guest does not know: it calls a function of an interface. What comes out of it is a call of its own, which the master makes under
//! the policy of the guest. Other than with modules that are linked in ([`super::compose`]) nothing but data can pass.

use super::{Module, ModuleError, interface_matches};
use proto::policy::{Callee, ParseCalleeError};
use std::str::FromStr;
use std::sync::Arc;
use wac_graph::types::are_semver_compatible;
use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

/// What a user says: an import of this name is that module's there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// The interface, perhaps without its version.
    pub interface: String,
    /// Which module, and where.
    pub callee: Callee,
    /// The same module as it is looked for: its path may begin elsewhere.
    pub reference: String,
}

/// An import of a module that is bound.
#[derive(Clone)]
pub struct Bound {
    /// The interface as the module imports it.
    pub interface: String,
    /// The same as the other module exports it.
    pub export: String,
    /// The functions that it imports.
    pub functions: Vec<String>,
    /// Where that is, and what the user calls it.
    pub callee: Callee,
    /// The other module.
    pub module: Arc<Module>,
}

/// A text that binds nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected INTERFACE=CONTEXT MODULE, as in `acme:stock/lookup=ssh:db1 ./stock.wasm`")]
pub struct ParseBindingError;

impl From<ParseCalleeError> for ParseBindingError {
    fn from(ParseCalleeError: ParseCalleeError) -> Self {
        Self
    }
}

impl FromStr for Binding {
    type Err = ParseBindingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (interface, callee) = text.split_once('=').ok_or(ParseBindingError)?;
        let callee: Callee = callee.parse()?;
        let interface = interface.trim();
        if interface.is_empty() {
            return Err(ParseBindingError);
        }
        Ok(Self {
            interface: interface.to_owned(),
            reference: callee.module.clone(),
            callee,
        })
    }
}

impl Binding {
    /// Is this import meant?
    pub(super) fn is_for(&self, import: &str) -> bool {
        interface_matches(&self.interface, import)
    }

    /// The import of a module, bound to the other one.
    ///
    /// # Errors
    /// If that does not export the interface, or with other types.
    pub(super) fn resolve(
        &self,
        user: &str,
        interface: &str,
        functions: &[(String, ComponentFunc)],
        module: Arc<Module>,
    ) -> Result<Bound, ModuleError> {
        let wrong = |why: String| ModuleError::Bind {
            module: user.to_owned(),
            interface: interface.to_owned(),
            callee: self.callee.to_string(),
            why,
        };
        let exported = module.functions();
        let mut exports = exported.iter().filter_map(|function| {
            let export = function.export.interface.as_deref()?;
            let fits = export == interface || are_semver_compatible(export, interface);
            fits.then_some(export)
        });
        let export = exports.next();
        let export = export.ok_or_else(|| wrong("it does not export that".to_owned()))?;
        let export = export.to_owned();
        for (name, imported) in functions {
            let found = exported.iter().find(|function| {
                function.export.interface.as_ref() == Some(&export)
                    && function.export.function == *name
            });
            let found = found.ok_or_else(|| wrong(format!("it has no function `{name}`")))?;
            let types = |slots: &[(String, Type)]| -> Vec<Type> {
                slots.iter().map(|(_, ty)| ty.clone()).collect()
            };
            let params: Vec<_> = imported.params().map(|(_, ty)| ty).collect();
            let results: Vec<_> = imported.results().collect();
            if params != types(&found.params) || results != types(&found.results) {
                return Err(wrong(format!("the types of its `{name}` are others")));
            }
        }
        Ok(Bound {
            interface: interface.to_owned(),
            export,
            functions: functions.iter().map(|(name, _)| name.clone()).collect(),
            callee: self.callee.clone(),
            module,
        })
    }
}

#[cfg(test)]
mod tests;
