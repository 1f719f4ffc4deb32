//! The contexts that there are, and what happens to them.

use broker::Event;
use proto::ContextId;
use proto::message::Dead;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{broadcast, watch};

/// What a subscriber may be behind before it misses something.
const BEHIND: usize = 1024;

/// Something happened to a context.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TreeEvent {
    /// It has come.
    Connected {
        /// Which.
        context: ContextId,
        /// Who started it.
        parent: ContextId,
    },
    /// This program ends it.
    Shutdown {
        /// Which.
        context: ContextId,
    },
    /// It is gone, whether or not anybody wanted that.
    Disconnected {
        /// Which.
        context: ContextId,
        /// Why, and who noticed.
        why: Dead,
    },
}

/// All contexts below the master.
#[derive(Debug)]
pub(super) struct Tree {
    contexts: Mutex<BTreeMap<ContextId, Member>>,
    events: broadcast::Sender<TreeEvent>,
}

#[derive(Debug)]
struct Member {
    parent: ContextId,
    gone: watch::Sender<Option<Dead>>,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            contexts: Mutex::default(),
            events: broadcast::Sender::new(BEHIND),
        }
    }
}

impl Tree {
    pub(super) fn happened(&self, event: Event) {
        match event {
            Event::Joined { context, parent } => {
                let gone = watch::Sender::new(None);
                self.lock().insert(context, Member { parent, gone });
                self.tell(TreeEvent::Connected { context, parent });
            }
            Event::Gone { contexts, why } => {
                for context in contexts {
                    if let Some(member) = self.lock().remove(&context) {
                        member.gone.send_replace(Some(why.clone()));
                    }
                    let why = why.clone();
                    self.tell(TreeEvent::Disconnected { context, why });
                }
            }
            // A context that detaches is gone when its link is.
            Event::Detaching { .. } | Event::Detached { .. } => {}
        }
    }

    pub(super) fn ends(&self, context: ContextId) {
        self.tell(TreeEvent::Shutdown { context });
    }

    /// What happens from now on.
    pub(super) fn events(&self) -> broadcast::Receiver<TreeEvent> {
        self.events.subscribe()
    }

    /// Learns when a context is gone. None if it is.
    pub(super) fn watch(&self, context: ContextId) -> Option<watch::Receiver<Option<Dead>>> {
        self.lock()
            .get(&context)
            .map(|member| member.gone.subscribe())
    }

    /// Each context with the one that started it, in the order of their ids.
    pub(super) fn members(&self) -> Vec<(ContextId, ContextId)> {
        let members = self.lock();
        let pairs = members.iter().map(|(id, member)| (*id, member.parent));
        pairs.collect()
    }

    fn tell(&self, event: TreeEvent) {
        // Perhaps nobody listens.
        let _ = self.events.send(event);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ContextId, Member>> {
        // Nothing panics while it is held.
        self.contexts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
