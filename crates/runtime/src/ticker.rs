//! Advances the epochs, so that a guest which spins lets others run and its deadline pass.
//!
//! An OS thread of its own: a timer on the runtime that a guest occupies would never fire.

use crate::engine::Engines;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

/// How often the epoch changes while there are calls.
const TICK: Duration = Duration::from_millis(1);
/// After how many changes a guest yields that still computes: after one and at most two milliseconds, so that
/// one which began just before a change is not disturbed by it.
pub(crate) const SLICE: u64 = 2;
/// After so many ticks without a call the thread sleeps until the next one: at rest, no CPU.
const IDLE_TICKS: u32 = 100;

pub(crate) struct Ticker {
    state: Arc<State>,
    thread: Thread,
}

struct State {
    active: AtomicUsize,
    parked: AtomicBool,
}

/// A call is under way as long as this lives.
pub(crate) struct Ticking<'a>(&'a State);

impl Ticker {
    pub(crate) fn start(engines: Arc<Engines>) -> std::io::Result<Self> {
        let state = Arc::new(State {
            active: AtomicUsize::new(0),
            parked: AtomicBool::new(false),
        });
        let shared = state.clone();
        let thread = thread::Builder::new()
            .name("epochs".to_owned())
            .stack_size(64 << 10)
            .spawn(move || tick(&shared, &engines))?;
        Ok(Self {
            state,
            thread: thread.thread().clone(),
        })
    }

    pub(crate) fn tick(&self) -> Ticking<'_> {
        self.state.active.fetch_add(1, Ordering::SeqCst);
        if self.state.parked.swap(false, Ordering::SeqCst) {
            self.thread.unpark();
        }
        Ticking(&self.state)
    }

    /// How many calls are under way.
    pub(crate) fn calls(&self) -> usize {
        self.state.active.load(Ordering::SeqCst)
    }
}

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(state: &State, engines: &Engines) {
    let mut idle = 0;
    loop {
        thread::sleep(TICK);
        if state.active.load(Ordering::SeqCst) > 0 {
            idle = 0;
            engines.made().for_each(wasmtime::Engine::increment_epoch);
            continue;
        }
        idle += 1;
        if idle >= IDLE_TICKS {
            idle = 0;
            state.parked.store(true, Ordering::SeqCst);
            // A call that began before `parked` was set has not seen it, and would wait for nobody.
            while state.parked.load(Ordering::SeqCst) && state.active.load(Ordering::SeqCst) == 0 {
                thread::park();
            }
            state.parked.store(false, Ordering::SeqCst);
        }
    }
}
