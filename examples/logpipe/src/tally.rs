//! Counts that live from call to call.

use crate::bindings::exports::zymogen::logpipe::tallies::{
    Guest, GuestTally, Tally as Handle, TallyBorrow,
};
use std::cell::Cell;
use wit_bindgen::{StreamReader, StreamResult, yield_async};

thread_local! {
    static TALLIES: Cell<u32> = const { Cell::new(0) };
}

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// What several logs come to, together.
pub(crate) struct Tally {
    name: String,
    lines: Cell<u64>,
}

impl Tally {
    fn of(name: String, lines: u64) -> Self {
        TALLIES.set(TALLIES.get() + 1);
        Self {
            name,
            lines: Cell::new(lines),
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        TALLIES.set(TALLIES.get() - 1);
    }
}

impl Guest for crate::Logpipe {
    type Tally = Tally;

    fn count() -> u32 {
        TALLIES.get()
    }
}

impl GuestTally for Tally {
    fn new(name: String) -> Self {
        Self::of(name, 0)
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn add(&self, mut log: StreamReader<u8>) -> u64 {
        loop {
            let (result, piece) = log.read(Vec::with_capacity(PIECE)).await;
            let lines = piece.iter().filter(|byte| **byte == b'\n').count();
            self.lines.set(self.lines.get() + lines as u64);
            if matches!(result, StreamResult::Dropped) {
                return self.lines.get();
            }
        }
    }

    async fn reach(&self, lines: u64) -> u64 {
        while self.lines.get() < lines {
            yield_async().await;
        }
        self.lines.get()
    }

    fn merge(first: Handle, second: TallyBorrow<'_>) -> Handle {
        let (first, second): (&Self, &Self) = (first.get(), second.get());
        let name = format!("{} and {}", first.name, second.name);
        Handle::new(Self::of(name, first.lines.get() + second.lines.get()))
    }
}
