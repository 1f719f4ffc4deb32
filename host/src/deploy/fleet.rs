//! Where a plan is applied, seen from the plan: hosts that can be connected to, and calls in them.
//! In earnest that is the master; tests have something simpler.

use super::callees::Callees;
use crate::error::Error;
use crate::master::{CallResult, Context, Master};
use crate::module::{Function, Module};
use crate::plan::Host;
use crate::plan::sources::Offered;
use async_trait::async_trait;
use proto::policy::Grant;
use proto::{CallLimits, Policy};
use std::path::Path;
use std::sync::Arc;
use wasmtime::component::Val;

/// All hosts.
#[async_trait]
pub trait Fleet: Send + Sync {
    /// Starts a slave on a host.
    async fn connect(&self, host: &Host) -> Result<Box<dyn Remote>, Error>;

    /// Lets tasks read a file of this machine. Reads it once.
    ///
    /// # Errors
    /// For a person: why it cannot be read.
    fn offer(&self, name: &str, path: &Path) -> Result<Offered, String>;

    /// Makes the modules elsewhere ready that a task may call: those of its policy, whose paths begin at the directory, and those to
    /// which its imports are bound.
    async fn prepare(
        &self,
        module: &Arc<Module>,
        policy: &Policy,
        directory: &Path,
    ) -> Result<(), Error>;

    /// Ends the slaves in which only those ran.
    async fn leave(&self);
}

/// One host with a slave.
#[async_trait]
pub trait Remote: Send + Sync {
    /// Calls a function there. Dropping the future cancels the call.
    async fn call(&self, call: Call<'_>) -> CallResult;

    /// Ends the slave and waits for its end.
    async fn shutdown(self: Box<Self>);
}

/// What is called, and how.
pub struct Call<'a> {
    /// Its module.
    pub module: &'a Arc<Module>,
    /// The function.
    pub function: &'a Function,
    /// Its arguments.
    pub arguments: &'a [Val],
    /// What it may touch.
    pub policy: Policy,
    /// What it may use up.
    pub limits: CallLimits,
}

#[async_trait]
impl Fleet for Master {
    async fn connect(&self, host: &Host) -> Result<Box<dyn Remote>, Error> {
        let context = Master::connect(self, &host.spec).await?;
        Ok(Box::new(context))
    }

    fn offer(&self, name: &str, path: &Path) -> Result<Offered, String> {
        let source = self.sources().offer(name, path);
        let source = source.map_err(|error| error.to_string())?;
        Ok(Offered {
            digest: source.digest.to_string(),
            size: source.size,
        })
    }

    async fn prepare(
        &self,
        module: &Arc<Module>,
        policy: &Policy,
        directory: &Path,
    ) -> Result<(), Error> {
        let mut callees = Callees::default();
        if policy
            .grants
            .iter()
            .any(|grant| matches!(grant, Grant::Call(_)))
        {
            let (repository, grants) = (self.repository_handle(), policy.grants.clone());
            let directory = directory.to_owned();
            // It may have to be compiled.
            let work =
                tokio::task::spawn_blocking(move || Callees::of(&grants, &repository, &directory));
            callees = match work.await {
                Ok(found) => found?,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
        }
        Ok(callees.offer(self, module).await?)
    }

    async fn leave(&self) {
        Master::leave(self).await;
    }
}

#[async_trait]
impl Remote for Context {
    async fn call(&self, call: Call<'_>) -> CallResult {
        let Call {
            module,
            function,
            arguments,
            policy,
            limits,
        } = call;
        let called = Context::call(self, module, function, arguments, policy, limits).await;
        called.unwrap_or_else(|error| CallResult::Refused {
            kind: proto::message::RefusedKind::BadArguments,
            message: error.to_string(),
        })
    }

    async fn shutdown(self: Box<Self>) {
        Context::shutdown(*self).await;
    }
}
