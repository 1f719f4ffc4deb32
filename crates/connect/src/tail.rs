//! The last things that a target said which were not for us: what a person needs when a connection fails.

use crate::interview::Pending;
use broker::stream;
use bytes::BytesMut;
use std::collections::VecDeque;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::AsyncReadExt;
use tokio::task::JoinHandle;

/// Takes a line that a slave wrote on its standard error.
pub type LineSink = Arc<dyn Fn(&str) + Send + Sync>;

const MAX_LINES: usize = 64;
const MAX_BYTES: usize = 16 << 10;
/// A longer line is cut into several.
const MAX_LINE: usize = 4 << 10;

/// At most 64 lines and 16 KiB, the last ones. Clones are the same.
#[derive(Clone, Default)]
pub struct Tail {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    lines: Mutex<VecDeque<String>>,
    live: AtomicBool,
}

impl Tail {
    /// What it keeps of these lines.
    pub(crate) fn of(lines: &[String]) -> Self {
        let tail = Self::default();
        lines.iter().for_each(|line| tail.push(line));
        tail
    }

    /// The lines, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    pub(crate) fn push(&self, line: &str) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        let mut lines = self.lock();
        lines.push_back(line.chars().take(MAX_LINE).collect());
        let mut bytes: usize = lines.iter().map(String::len).sum();
        while lines.len() > MAX_LINES || bytes > MAX_BYTES {
            bytes -= lines.pop_front().map_or(0, |line| line.len());
        }
    }

    /// From now on lines are passed on, too: the connection is up.
    pub(crate) fn go_live(&self) {
        self.shared.live.store(true, Ordering::Release);
    }

    /// Reads lines from a descriptor until its end. What stands behind the last one may be a question.
    pub(crate) fn collect(
        &self,
        from: OwnedFd,
        sink: LineSink,
        pending: Option<Pending>,
    ) -> std::io::Result<JoinHandle<()>> {
        let mut reader = stream::reader(from)?;
        let tail = self.clone();
        Ok(tokio::spawn(async move {
            let mut buffer = BytesMut::with_capacity(1024);
            // What stands in the buffer is the beginning of a line, not the rest of one that was cut.
            let mut whole = true;
            while let Ok(read) = reader.read_buf(&mut buffer).await {
                while let Some(end) = line_end(&buffer, read == 0) {
                    let line = buffer.split_to(end);
                    whole = line.ends_with(b"\n");
                    tail.take(&line, &sink);
                }
                if let Some(pending) = &pending {
                    pending.set(&buffer, whole);
                }
                if read == 0 {
                    break;
                }
            }
        }))
    }

    fn take(&self, line: &[u8], sink: &LineSink) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        self.push(line);
        if !line.is_empty() && self.shared.live.load(Ordering::Acquire) {
            sink(line);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.shared
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tail").field(&self.lines()).finish()
    }
}

/// Where the first line ends, behind its newline.
fn line_end(buffer: &[u8], last: bool) -> Option<usize> {
    let newline = buffer.iter().position(|byte| *byte == b'\n');
    match newline {
        Some(at) => Some(at + 1),
        None if buffer.len() >= MAX_LINE => Some(MAX_LINE),
        None => (last && !buffer.is_empty()).then_some(buffer.len()),
    }
}
