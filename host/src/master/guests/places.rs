//! The contexts into which guests may call, by the names that policies have for them.

use super::super::{Context, Master};
use crate::connect::ContextSpec;
use crate::module::Module;
use connect::ConnectError;
use proto::ContextId;
use proto::message::Refusal;
use proto::policy::Callee;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
pub(super) struct Places {
    contexts: Mutex<BTreeMap<String, Context>>,
    /// Held by the one that connects to some.
    connecting: tokio::sync::Mutex<()>,
}

/// Why a guest's calls cannot be made possible.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// This is not how a context is written.
    #[error("`{callee}`: {error}")]
    Spec {
        /// What the guest may call.
        callee: Callee,
        /// What is wrong.
        error: crate::connect::SpecError,
    },
    /// There is no way to it.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl Places {
    /// Where a guest of this context finds what it calls.
    pub(super) fn find(&self, callee: &Callee, own: ContextId) -> Result<ContextId, Refusal> {
        if callee.is_here() {
            return Ok(own);
        }
        let contexts = self.lock();
        let context = contexts.get(&callee.context).map(Context::id);
        context.ok_or_else(|| {
            Refusal::Broken(format!(
                "there is no way to the context `{}`",
                callee.context
            ))
        })
    }

    fn has(&self, name: &str) -> bool {
        self.lock().get(name).is_some_and(Context::is_there)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Context>> {
        // Nothing panics while it is held.
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Master {
    /// Lets guests call this module there, where their policy grants it.
    ///
    /// # Errors
    /// If its context, or that of an import of the module that is bound, cannot be connected to.
    pub async fn offer_callee(
        &self,
        callee: &Callee,
        module: &Arc<Module>,
    ) -> Result<(), PlaceError> {
        self.go_to(callee).await?;
        self.reach_bound(module).await?;
        self.shared.guests.offer(callee.clone(), module.clone());
        Ok(())
    }

    /// Connects to the contexts to which imports of this module are bound, and of those modules, unless that was done before and
    /// they are still there. They stay until [`leave`](Self::leave).
    ///
    /// # Errors
    /// If one of them cannot be connected to.
    pub async fn reach_bound(&self, module: &Arc<Module>) -> Result<(), PlaceError> {
        for callee in module.callees() {
            self.go_to(&callee).await?;
        }
        Ok(())
    }

    /// Ends the contexts into which guests could call.
    pub async fn leave(&self) {
        let contexts = std::mem::take(&mut *self.shared.guests.places.lock());
        for context in contexts.into_values() {
            context.shutdown().await;
        }
    }

    async fn go_to(&self, callee: &Callee) -> Result<(), PlaceError> {
        let places = &self.shared.guests.places;
        if callee.is_here() || places.has(&callee.context) {
            return Ok(());
        }
        let spec: ContextSpec = callee.context.parse().map_err(|error| PlaceError::Spec {
            callee: callee.clone(),
            error,
        })?;
        let _alone = places.connecting.lock().await;
        if places.has(&callee.context) {
            return Ok(());
        }
        let context = self.connect(&spec).await?;
        let before = places.lock().insert(callee.context.clone(), context);
        // One that has gone; without the lock.
        drop(before);
        Ok(())
    }
}
