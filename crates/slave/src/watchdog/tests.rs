//! When the time is over, and when it is not.

use super::{outwait, say};
use rustix::event::{EventfdFlags, eventfd};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_millis(300);
/// Long enough for a thread to see what was done, and far from [`PATIENCE`].
const MOMENT: Duration = Duration::from_millis(50);

struct Watched {
    parent: Option<OwnedFd>,
    armed: Arc<OwnedFd>,
    alone: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watched {
    fn new() -> Self {
        let (input, parent) = rustix::pipe::pipe().unwrap();
        let armed = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).unwrap());
        let alone = Arc::new(AtomicBool::new(false));
        let (its_armed, its_alone) = (armed.clone(), alone.clone());
        let thread = thread::spawn(move || outwait(&input, &its_armed, &its_alone, PATIENCE));
        Self {
            parent: Some(parent),
            armed,
            alone,
            thread,
        }
    }

    /// How long it takes from now on until the time is over.
    fn over(self) -> Duration {
        let start = Instant::now();
        while !self.thread.is_finished() {
            assert!(start.elapsed() < PATIENCE * 10, "it is never over");
            thread::sleep(Duration::from_millis(5));
        }
        start.elapsed()
    }

    fn goes_on(&self) {
        thread::sleep(PATIENCE * 2);
        assert!(!self.thread.is_finished(), "it is over");
    }
}

#[test]
fn while_the_parent_is_there_nothing_happens_whatever_it_says() {
    let watched = Watched::new();
    rustix::io::write(watched.parent.as_ref().unwrap(), b"a frame").unwrap();
    watched.goes_on();
}

#[test]
fn when_the_parent_is_gone_the_time_runs_even_if_its_words_were_not_read() {
    let mut watched = Watched::new();
    rustix::io::write(watched.parent.as_ref().unwrap(), b"a frame").unwrap();
    watched.parent = None;
    let over = watched.over();
    assert!(over >= PATIENCE - MOMENT && over < PATIENCE * 3, "{over:?}");
}

#[test]
fn when_it_is_armed_the_time_runs_though_the_parent_is_there() {
    let watched = Watched::new();
    say(&watched.armed);
    say(&watched.armed);
    let over = watched.over();
    assert!(over >= PATIENCE - MOMENT && over < PATIENCE * 3, "{over:?}");
}

#[test]
fn one_that_has_left_the_tree_lives_on_until_it_is_armed() {
    let mut watched = Watched::new();
    watched.alone.store(true, Ordering::Release);
    watched.parent = None;
    watched.goes_on();
    say(&watched.armed);
    let over = watched.over();
    assert!(over >= PATIENCE - MOMENT && over < PATIENCE * 3, "{over:?}");
}

#[test]
fn the_word_that_it_may_leave_may_come_after_the_end_of_the_stream() {
    let mut watched = Watched::new();
    watched.parent = None;
    thread::sleep(MOMENT);
    watched.alone.store(true, Ordering::Release);
    watched.goes_on();
}
