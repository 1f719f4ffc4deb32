//! Chains of calls: sent without waiting, executed one after the other, and none behind one that has not returned.

use super::Context;
use super::call::{CallOptions, CallResult, Place};
use crate::module::{Function, Module};
use proto::Body;
use proto::Handle;
use proto::message::{DeadReason, EndChain};
use runtime::value::ValueError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use wasmtime::component::Val;

/// Numbers of chains of this process, which are never used twice.
static LAST: AtomicU64 = AtomicU64::new(0);

/// A chain of calls in one context. Each call can be sent as soon as it is known: the context executes them in the order
/// in which they were sent, and once one has not returned, whatever the reason, those behind it end the same way
/// without being executed, until the chain is [`reset`](Self::reset). Other chains and calls are not concerned.
///
/// A call that the context does not even take, because it is busy, ends the chain as any other that has not returned. So that
/// this does not happen to a chain by itself, only some of its calls are under way at once, and behind one to which it
/// happened none is sent any more.
pub struct CallChain<'a> {
    context: &'a Context,
    number: u64,
    turns: Semaphore,
    /// What became of a call that was not taken.
    refused: Mutex<Option<CallResult>>,
}

/// Calls of a chain that are under way at once: a quarter of those that a context takes.
const AT_ONCE: usize = 64;

impl Context {
    /// A new chain of calls.
    #[must_use]
    pub fn chain(&self) -> CallChain<'_> {
        CallChain {
            context: self,
            number: LAST.fetch_add(1, Ordering::Relaxed),
            turns: Semaphore::new(AT_ONCE),
            refused: Mutex::default(),
        }
    }
}

impl CallChain<'_> {
    /// Calls a function. The place in the chain is taken when the future is first polled.
    ///
    /// # Errors
    /// If the arguments are not of the function's types; nothing was sent then.
    pub async fn call(
        &self,
        module: &Arc<Module>,
        function: &Function,
        arguments: &[Val],
        options: &CallOptions,
    ) -> Result<CallResult, ValueError> {
        // In the order in which they ask for it; the semaphore is never closed.
        let _turn = self.turns.acquire().await;
        if let Some(refused) = &*self.refused() {
            return Ok(refused.clone());
        }
        let place = Place::Chain(self.number);
        let called = self
            .context
            .call_in(place, module, function, arguments, options)
            .await;
        if let Ok(CallResult::Dead(dead)) = &called
            && matches!(dead.reason, DeadReason::Busy | DeadReason::TooLarge(_))
        {
            *self.refused() = Some(CallResult::Dead(dead.clone()));
        }
        called
    }

    fn refused(&self) -> MutexGuard<'_, Option<CallResult>> {
        // Nothing panics while it is held.
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets that a call has not returned: the calls that are sent from now on are executed again.
    pub async fn reset(&self) {
        *self.refused() = None;
        let chain = self.number;
        if let Ok(body) = Body::new(&EndChain { chain }) {
            let broker = &self.context.shared.broker;
            // Where the context is gone there is nothing to forget.
            let _ = broker.post(self.context.id, Handle::END_CHAIN, body).await;
        }
    }
}

impl Drop for CallChain<'_> {
    fn drop(&mut self) {
        let chain = self.number;
        if let Ok(runtime) = tokio::runtime::Handle::try_current()
            && let Ok(body) = Body::new(&EndChain { chain })
        {
            let (broker, id) = (self.context.shared.broker.clone(), self.context.id);
            runtime.spawn(async move { broker.post(id, Handle::END_CHAIN, body).await });
        }
    }
}
