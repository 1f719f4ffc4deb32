//! Whether the calls of a function end at once, judged by those before.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// What takes longer is not quick.
const QUICK: Duration = Duration::from_micros(500);
/// After a call that was not quick, so many must be before the function is called quick again.
const PROBATION: i32 = 50;

/// The record of a function.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicI32);

/// A call that is being timed. One that is never [`done`](Self::done) was given up, and so was not quick.
pub(crate) struct Timing<'a> {
    pace: &'a Pace,
    began: Instant,
    done: bool,
}

impl Pace {
    pub(crate) fn is_quick(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn start(&self) -> Timing<'_> {
        Timing {
            pace: self,
            began: Instant::now(),
            done: false,
        }
    }

    fn note(&self, quick: bool) {
        // Two calls that end in the same moment may count as one: it is a habit that is judged.
        let record = self.0.load(Ordering::Relaxed);
        let record = if quick {
            (record + 1).min(1)
        } else {
            -PROBATION
        };
        self.0.store(record, Ordering::Relaxed);
    }
}

impl Timing<'_> {
    /// The call has ended, after so many polls: with more than one it waited for something.
    pub(crate) fn done(mut self, polls: u32) {
        self.done = polls == 1 && self.began.elapsed() < QUICK;
    }
}

impl Drop for Timing<'_> {
    fn drop(&mut self) {
        self.pace.note(self.done);
    }
}
