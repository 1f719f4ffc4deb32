//! Events reach their listener in the order in which they happened, whichever threads they happened on.

use crate::{Broker, Event};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Events that were not told yet. Noted under the core's lock, which says what came first.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    /// Somebody tells them just now, and will find those that come meanwhile.
    busy: bool,
}

impl Telling {
    pub(crate) fn note(&self, event: Event) {
        self.lock().events.push_back(event);
    }

    fn begin(&self) -> bool {
        let mut state = self.lock();
        !state.events.is_empty() && !std::mem::replace(&mut state.busy, true)
    }

    /// The next event. Without one whoever tells has finished.
    fn next(&self) -> Option<Event> {
        let mut state = self.lock();
        let event = state.events.pop_front();
        state.busy = event.is_some();
        event
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the telling, also if the listener panics.
struct Ends<'a>(&'a Telling);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().busy = false;
        }
    }
}

impl Broker {
    /// Tells what has happened, unless another thread is about it, or this one further up its stack.
    pub(crate) fn tell_events(&self) {
        let telling = &self.shared.telling;
        if !telling.begin() {
            return;
        }
        let _ends = Ends(telling);
        while let Some(event) = telling.next() {
            self.shared.receive.event(self, event);
        }
    }
}
