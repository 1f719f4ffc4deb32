//! An access log read as it is written: streams and futures into a component and out of it.

mod entry;
#[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
mod tally;

#[allow(missing_docs)]
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, unused_imports))]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "logpipe" });
}

use bindings::exports::zymogen::logpipe::faults::Guest as Faults;
use bindings::exports::zymogen::logpipe::parsing::{Entry, Guest as Parsing, Problem, Summary};
use bindings::{wit_future, wit_stream};
use wit_bindgen::{FutureReader, StreamReader, StreamResult, spawn_local as spawn};

#[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
struct Logpipe;

// The names of a component's exports are none that a native linker takes.
#[cfg(target_family = "wasm")]
bindings::export!(Logpipe with_types_in bindings);

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// The lines of a log that comes in pieces.
struct Lines {
    log: StreamReader<u8>,
    waiting: Vec<u8>,
    ended: bool,
}

impl Lines {
    fn new(log: StreamReader<u8>) -> Self {
        Self {
            log,
            waiting: Vec::new(),
            ended: false,
        }
    }

    /// All whole lines that are here, at least one; none at the end. What has no line break is a line at the end.
    async fn next(&mut self) -> Option<Vec<u8>> {
        while !self.ended {
            let (result, piece) = self.log.read(Vec::with_capacity(PIECE)).await;
            self.ended = matches!(result, StreamResult::Dropped);
            self.waiting.extend_from_slice(&piece);
            if let Some(last) = piece.iter().rposition(|byte| *byte == b'\n') {
                let rest = self
                    .waiting
                    .split_off(self.waiting.len() - piece.len() + last + 1);
                return Some(std::mem::replace(&mut self.waiting, rest));
            }
        }
        let rest = std::mem::take(&mut self.waiting);
        (!rest.is_empty()).then_some(rest)
    }
}

impl Parsing for Logpipe {
    async fn parse(
        log: StreamReader<u8>,
    ) -> (StreamReader<Entry>, FutureReader<Result<Summary, Problem>>) {
        let (mut entries, reader) = wit_stream::new();
        let (result, outcome) = wit_future::new(|| Err(Problem::Malformed(0)));
        spawn(async move {
            let mut summary = Summary {
                lines: 0,
                failed: 0,
            };
            let mut lines = Lines::new(log);
            let mut problem = None;
            while problem.is_none()
                && let Some(text) = lines.next().await
            {
                let mut some = Vec::new();
                for line in text.split_inclusive(|byte| *byte == b'\n') {
                    summary.lines += 1;
                    let Some(entry) = entry::parse(line) else {
                        problem = Some(Problem::Malformed(summary.lines));
                        break;
                    };
                    summary.failed += u64::from(entry.status >= 400);
                    some.push(entry);
                }
                // Nobody wants the rest.
                if !entries.write_all(some).await.is_empty() {
                    break;
                }
            }
            drop(entries);
            let _ = result.write(problem.map_or(Ok(summary), Err)).await;
        });
        (reader, outcome)
    }

    async fn redact(log: StreamReader<u8>) -> StreamReader<u8> {
        let (mut redacted, reader) = wit_stream::new();
        spawn(async move {
            let mut lines = Lines::new(log);
            while let Some(text) = lines.next().await {
                let hidden = text.split_inclusive(|byte| *byte == b'\n');
                let hidden = hidden.flat_map(entry::redact).collect();
                if !redacted.write_all(hidden).await.is_empty() {
                    break;
                }
            }
        });
        reader
    }

    async fn measure(mut log: StreamReader<u8>) -> u64 {
        let mut length = 0;
        let mut buffer = Vec::with_capacity(PIECE);
        loop {
            let (result, piece) = log.read(buffer).await;
            length += piece.len() as u64;
            if matches!(result, StreamResult::Dropped) {
                return length;
            }
            buffer = piece;
            buffer.clear();
        }
    }

    async fn failures(mut entries: StreamReader<Entry>) -> Vec<Entry> {
        let mut failures = Vec::new();
        while let Some(entry) = entries.next().await {
            if entry.status >= 400 {
                failures.push(entry);
            }
        }
        failures
    }
}

impl Faults for Logpipe {
    async fn break_off(after: u32) -> StreamReader<u8> {
        let (mut bytes, reader) = wit_stream::new();
        spawn(async move {
            bytes.write_all(vec![b'x'; after as usize]).await;
            panic!("as it was asked to");
        });
        reader
    }

    async fn numbers() -> StreamReader<u64> {
        let (mut numbers, reader) = wit_stream::new();
        spawn(async move {
            let mut next = 0;
            while numbers
                .write_all((next..next + 100).collect())
                .await
                .is_empty()
            {
                next += 100;
            }
        });
        reader
    }

    async fn ticks(count: u32) -> StreamReader<()> {
        let (mut ticks, reader) = wit_stream::new();
        spawn(async move {
            ticks.write_all(vec![(); count as usize]).await;
        });
        reader
    }

    async fn later(text: String) -> FutureReader<String> {
        let (writer, reader) = wit_future::new(String::new);
        spawn(async move {
            let _ = writer.write(text).await;
        });
        reader
    }

    async fn first(mut bytes: StreamReader<u8>) -> Option<u8> {
        bytes.next().await
    }

    async fn wait(for_: FutureReader<String>) -> String {
        for_.await
    }
}
