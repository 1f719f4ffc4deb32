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
use tokio::task::JoinSet;

#[derive(Default)]
pub(super) struct Places(Mutex<BTreeMap<String, Arc<Place>>>);

/// One of them.
#[derive(Default)]
struct Place {
    /// Held by the one that connects.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    #[default]
    Untried,
    There(Box<Context>),
    /// Why not. It is not tried again, so that nobody is locked out for a password that is wrong.
    Failed(String),
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
    /// It was tried before.
    #[error("{0}")]
    Before(String),
}

impl Places {
    /// Where a guest of this context finds what it calls.
    pub(super) fn find(&self, callee: &Callee, own: ContextId) -> Result<ContextId, Refusal> {
        if callee.is_here() {
            return Ok(own);
        }
        let place = self.lock().get(&callee.context).cloned();
        let there = place.and_then(|place| place.there());
        there.ok_or_else(|| {
            Refusal::Broken(format!(
                "there is no way to the context `{}`",
                callee.context
            ))
        })
    }

    fn place(&self, name: &str) -> Arc<Place> {
        self.lock().entry(name.to_owned()).or_default().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Place>>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn there(&self) -> Option<ContextId> {
        match &*self.lock() {
            State::There(context) if context.is_there() => Some(context.id()),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Ends the contexts into which guests could call. A program that has made some reachable does this before it drops the master.
    pub async fn leave(&self) {
        let places = std::mem::take(&mut *self.shared.guests.places.lock());
        let mut ending = JoinSet::new();
        for place in places.into_values() {
            ending.spawn(async move {
                // Who still connects comes to its end first.
                let _turn = place.turn.lock().await;
                let state = std::mem::take(&mut *place.lock());
                if let State::There(context) = state {
                    context.shutdown().await;
                }
            });
        }
        ending.join_all().await;
    }

    async fn go_to(&self, callee: &Callee) -> Result<(), PlaceError> {
        if callee.is_here() {
            return Ok(());
        }
        let place = self.shared.guests.places.place(&callee.context);
        let spec: ContextSpec = callee.context.parse().map_err(|error| PlaceError::Spec {
            callee: callee.clone(),
            error,
        })?;
        let _turn = place.turn.lock().await;
        if place.there().is_some() {
            return Ok(());
        }
        if let State::Failed(why) = &*place.lock() {
            return Err(PlaceError::Before(why.clone()));
        }
        let connected = self.connect(&spec).await;
        let (state, result) = match connected {
            Ok(context) => (State::There(Box::new(context)), Ok(())),
            Err(error) => (State::Failed(error.to_string()), Err(error.into())),
        };
        // One that has gone is dropped without the lock.
        let before = std::mem::replace(&mut *place.lock(), state);
        drop(before);
        result
    }
}
