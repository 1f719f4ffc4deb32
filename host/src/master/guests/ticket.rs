//! On whose behalf a context asks: a call that is under way in it.

use super::super::call::CallOptions;
use super::super::context::Shared;
use super::Guests;
use super::imports::Kept;
use crate::module::Module;
use broker::Caller;
use proto::message::Refusal;
use proto::{CallLimits, ContextId, Digest, Policy};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until};

/// Questions that one guest may have under way. The others are refused.
const AT_ONCE: usize = 64;

/// Calls that may lead to each other: the last one may not call on.
const MAX_DEPTH: u32 = 8;

/// Those that are valid, by their numbers.
#[derive(Default)]
pub(super) struct Tickets {
    last: AtomicU64,
    valid: Mutex<BTreeMap<u64, Arc<Ticket>>>,
}

/// What a call's guest may ask for.
pub(super) struct Ticket {
    /// Where it runs.
    pub(super) context: ContextId,
    /// What it is.
    pub(super) module: Arc<Module>,
    pub(super) policy: Policy,
    limits: CallLimits,
    /// When the call ends; none for one instance with many calls.
    until: Option<Instant>,
    /// How many calls led to it.
    depth: u32,
    turns: Arc<Semaphore>,
    /// Has the call come to its end?
    over: watch::Sender<bool>,
    /// Instances of modules to which its imports are bound.
    pub(super) kept: Mutex<BTreeMap<(ContextId, Digest), Arc<Kept>>>,
}

/// A ticket is valid as long as this is there.
pub(in crate::master) struct Held {
    guests: Arc<Guests>,
    number: u64,
}

/// A question that is being answered.
pub(super) struct Asked {
    pub(super) ticket: Arc<Ticket>,
    _turn: OwnedSemaphorePermit,
}

impl Shared {
    /// A ticket for a call in a context, if its guest could ask for anything. When it ends by its limit is known of one that begins at
    /// once, and not of an instance with many calls, or of one that waits for others.
    pub(in crate::master) fn ticket(
        &self,
        context: ContextId,
        module: &Arc<Module>,
        options: &CallOptions,
        depth: u32,
        begins: bool,
    ) -> Option<Held> {
        if module.bound.is_empty() && !options.policy.asks() {
            return None;
        }
        let tickets = &self.guests.tickets;
        let number = tickets.last.fetch_add(1, Ordering::Relaxed);
        let wall = Duration::from_millis(options.limits.wall_ms);
        let wall = Instant::now().checked_add(wall).filter(|_| begins);
        let ticket = Ticket {
            context,
            module: module.clone(),
            policy: options.policy.clone(),
            limits: options.limits,
            until: wall.into_iter().chain(options.deadline).min(),
            depth,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            over: watch::Sender::new(false),
            kept: Mutex::default(),
        };
        tickets.valid().insert(number, Arc::new(ticket));
        Some(Held {
            guests: self.guests.clone(),
            number,
        })
    }
}

impl Guests {
    /// Finds the call on whose behalf a context asks.
    pub(super) fn admit(&self, caller: Caller, number: u64) -> Result<Asked, Refusal> {
        let denied = |why: &str| Refusal::Denied(why.to_owned());
        let found = self.tickets.valid().get(&number).cloned();
        let ticket = found
            .filter(|ticket| ticket.context == caller.context)
            .ok_or_else(|| denied("to ask for more: the call is over"))?;
        let turn = ticket.turns.clone().try_acquire_owned();
        let turn =
            turn.map_err(|_| denied(&format!("to ask for more than {AT_ONCE} things at once")))?;
        Ok(Asked {
            ticket,
            _turn: turn,
        })
    }
}

impl Ticket {
    /// The options of a call that its guest makes.
    pub(super) fn options(&self) -> Result<CallOptions, Refusal> {
        if self.depth + 1 >= MAX_DEPTH {
            let why = format!("to call on: {MAX_DEPTH} calls have led to each other already");
            return Err(Refusal::Denied(why));
        }
        Ok(CallOptions {
            policy: self.policy.clone(),
            limits: self.limits,
            deadline: self.until,
        })
    }

    /// Waits until its call has come to its end, or its time is over: from then on nobody is answered.
    pub(super) async fn over(&self) {
        let mut over = self.over.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let ended = over.wait_for(|over| *over);
        match self.until {
            None => drop(ended.await),
            Some(until) => tokio::select! {
                _ = ended => {}
                () = sleep_until(until) => {}
            },
        }
    }

    /// How many calls lead to one that it makes.
    pub(super) fn next_depth(&self) -> u32 {
        self.depth + 1
    }

    /// What somebody is told that may not do something.
    pub(super) fn denied(&self, what: &str) -> Refusal {
        Refusal::Denied(format!("{what}; granted: {}", self.policy.summary()))
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, BTreeMap<(ContextId, Digest), Arc<Kept>>> {
        // Nothing panics while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tickets {
    fn valid(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Ticket>>> {
        // Nothing panics while it is held.
        self.valid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    pub(in crate::master) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // What is dropped with it may take the lock again.
        let ticket = self.guests.tickets.valid().remove(&self.number);
        if let Some(ticket) = ticket {
            ticket.over.send_replace(true);
        }
    }
}

#[cfg(test)]
mod tests;
