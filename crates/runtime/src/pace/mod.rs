//! Whether the calls of a function end at once, judged by those before.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// What takes longer is not quick.
const QUICK: Duration = Duration::from_micros(500);
/// After a call that was not quick, so many must be before the function is called quick again.
const PROBATION: i32 = 50;
/// A guest that computes is interrupted long before. What takes so much time without waiting for anything is its
/// host's work on its behalf, which nothing interrupts.
const LONG: Duration = Duration::from_millis(10);
/// The probation after that.
const LONG_PROBATION: i32 = 10_000;

/// The record of a function.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicI32);

/// A call that is being timed. One that is never [`done`](Self::done) was given up, and so was not quick.
pub(crate) struct Timing<'a> {
    pace: &'a Pace,
    began: Instant,
    verdict: Verdict,
}

#[derive(Clone, Copy)]
enum Verdict {
    Quick,
    Slow,
    Long,
}

impl Pace {
    pub(crate) fn is_quick(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn start(&self) -> Timing<'_> {
        Timing {
            pace: self,
            began: Instant::now(),
            verdict: Verdict::Slow,
        }
    }

    fn note(&self, verdict: Verdict) {
        // Two calls that end in the same moment may count as one: it is a habit that is judged.
        let record = self.0.load(Ordering::Relaxed);
        let record = match verdict {
            Verdict::Quick => (record + 1).min(1),
            Verdict::Slow => record.min(-PROBATION),
            Verdict::Long => -LONG_PROBATION,
        };
        self.0.store(record, Ordering::Relaxed);
    }
}

impl Timing<'_> {
    /// The call has ended, and has or has not come to its end without waiting for anything.
    pub(crate) fn done(mut self, at_once: bool) {
        let took = self.began.elapsed();
        self.verdict = match at_once {
            true if took < QUICK => Verdict::Quick,
            true if took > LONG => Verdict::Long,
            _ => Verdict::Slow,
        };
    }
}

impl Drop for Timing<'_> {
    fn drop(&mut self) {
        self.pace.note(self.verdict);
    }
}
