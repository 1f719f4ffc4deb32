//! The contexts that are only on the way to others: each is started once, and shared by all whose way leads through it.

use super::{Context, Master};
use crate::connect::Step;
use connect::ConnectError;
use proto::message::{LaunchFailure, Phase};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// All of them, by the steps that lead there as they are written: with other options it is another way.
#[derive(Default)]
pub(super) struct Ways(Mutex<BTreeMap<String, Arc<Way>>>);

/// One of them. It lives as long as somebody needs it.
#[derive(Default)]
struct Way {
    /// Starts that have come to an end.
    attempts: AtomicU64,
    state: tokio::sync::Mutex<State>,
}

#[derive(Default)]
struct State {
    context: Weak<Context>,
    /// What the last start came to, for those who waited for it: they do not try again one after the other. Who was not let in
    /// is not tried again at all, so that nobody is locked out.
    failed: Option<LaunchFailure>,
    hint: Option<String>,
}

impl Ways {
    fn at(&self, key: &str) -> Arc<Way> {
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = ways.get(key) {
            return way.clone();
        }
        // Nobody uses those that nobody else holds and that lead nowhere.
        ways.retain(|_, way| Arc::strong_count(way) > 1 || way.is_alive());
        ways.entry(key.to_owned()).or_default().clone()
    }
}

impl Way {
    fn is_alive(&self) -> bool {
        let state = self.state.try_lock();
        // Whoever holds the lock is about to use it.
        state.map_or(true, |state| state.context.strong_count() > 0)
    }
}

impl Master {
    /// The context at the end of some steps, on the way to others. `before` leads to the last of them.
    pub(super) async fn way(
        &self,
        steps: &[Step],
        last: &Step,
        before: Option<Arc<Context>>,
    ) -> Result<Arc<Context>, ConnectError> {
        let texts: Vec<_> = steps.iter().map(Step::text).collect();
        let way = self.ways.at(&texts.join(","));
        let seen = way.attempts.load(Ordering::Acquire);
        let mut state = way.state.lock().await;
        let there = state.context.upgrade();
        if let Some(there) = there.filter(|context| context.is_there()) {
            return Ok(there);
        }
        if let Some(failed) = &state.failed
            && (failed.phase == Phase::Authenticate || way.attempts.load(Ordering::Acquire) != seen)
        {
            let mut error = ConnectError::from(failed.clone());
            error.hint.clone_from(&state.hint);
            return Err(error);
        }
        let started = self.step(last, before.as_ref()).await;
        way.attempts.fetch_add(1, Ordering::Release);
        match started {
            Ok(context) => {
                let context = Arc::new(context);
                state.context = Arc::downgrade(&context);
                state.failed = None;
                Ok(context)
            }
            Err(error) => {
                let hint = error.hint.clone();
                let failed = LaunchFailure::from(error);
                let mut error = ConnectError::from(failed.clone());
                error.hint.clone_from(&hint);
                (state.failed, state.hint) = (Some(failed), hint);
                Err(error)
            }
        }
    }
}
