//! The modules that guests may call by name, as their policies say.

use crate::connect::ContextSpec;
use crate::error::Error;
use crate::master::{Master, PlaceError};
use crate::module::{Module, ModuleError, Repository};
use crate::plan::params::module_reference;
use proto::policy::{Callee, Grant};
use std::path::Path;
use std::sync::Arc;

/// What guests may call, and the modules that are meant.
#[derive(Default)]
pub struct Callees(Vec<(Callee, Arc<Module>)>);

impl Callees {
    /// Those of a policy. Paths of modules begin at the directory.
    ///
    /// # Errors
    /// If one of the modules is not to be had.
    pub fn of(
        grants: &[Grant],
        repository: &Repository,
        directory: &Path,
    ) -> Result<Self, ModuleError> {
        let named = grants.iter().filter_map(|grant| match grant {
            Grant::Call(callee) => Some(callee),
            _ => None,
        });
        let found = named.map(|callee| {
            let module = repository.find(&module_reference(directory, &callee.module))?;
            Ok((callee.clone(), module))
        });
        found.collect::<Result<_, _>>().map(Self)
    }

    /// The contexts of all these, and of those to which imports of the caller are bound.
    ///
    /// # Errors
    /// If one of them is no context.
    pub fn contexts(&self, caller: &Module) -> Result<Vec<ContextSpec>, Error> {
        let mut callees = caller.callees();
        for (callee, module) in &self.0 {
            callees.insert(callee.clone());
            callees.extend(module.callees());
        }
        let elsewhere = callees.iter().filter(|callee| !callee.is_here());
        elsewhere
            .map(|callee| Ok(callee.context.parse()?))
            .collect()
    }

    /// Makes all of these calls possible, and those of the caller's bound imports.
    ///
    /// # Errors
    /// If a context is not to be reached.
    pub async fn offer(&self, master: &Master, caller: &Arc<Module>) -> Result<(), PlaceError> {
        master.reach_bound(caller).await?;
        for (callee, module) in &self.0 {
            master.offer_callee(callee, module).await?;
        }
        Ok(())
    }
}
