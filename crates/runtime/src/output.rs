//! What a guest says, on its way to the master: standard output, standard error, log records.
//!
//! All of one call goes through one bounded channel, in order, to a forwarder that is started by
//! the first word. A guest that talks faster than the master listens waits; one that talks more
//! than its limit ends.

use crate::guest::OverLimit;
use crate::upstream::Upstream;
use bytes::Bytes;
use proto::message::{Level, LimitKind, LogRecord};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// Pieces that wait for the forwarder.
const WAITING: usize = 16;
/// A line without an end is cut after so many bytes, and lines are sent together up to this.
const RECORD: usize = 8 << 10;

/// One call's output.
pub(crate) struct Output {
    module: String,
    allowed: u64,
    used: AtomicU64,
    exceeded: Notify,
    upstream: Arc<dyn Upstream>,
    forwarder: Mutex<Option<Forwarder>>,
}

struct Forwarder {
    pieces: mpsc::Sender<Piece>,
    task: JoinHandle<()>,
}

/// What goes through the channel.
pub(crate) enum Piece {
    /// Bytes of a stream, cut anywhere.
    Bytes(&'static str, Bytes),
    /// A whole record.
    Record(Level, String, String),
}

impl Output {
    pub(crate) fn new(module: String, allowed: u64, upstream: Arc<dyn Upstream>) -> Self {
        Self {
            module,
            allowed,
            used: AtomicU64::new(0),
            exceeded: Notify::new(),
            upstream,
            forwarder: Mutex::new(None),
        }
    }

    /// Counts bytes of output.
    pub(crate) fn spend(&self, bytes: usize) -> Result<(), OverLimit> {
        let used = self.used.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if used <= self.allowed {
            return Ok(());
        }
        self.exceeded.notify_one();
        Err(self.over())
    }

    /// Bytes that may still come.
    pub(crate) fn left(&self) -> u64 {
        self.allowed
            .saturating_sub(self.used.load(Ordering::Relaxed))
    }

    /// Resolves when the limit is passed.
    pub(crate) async fn exceeded(&self) -> OverLimit {
        self.exceeded.notified().await;
        self.over()
    }

    /// What to say when the limit is passed, if it is.
    pub(crate) fn check(&self) -> Option<OverLimit> {
        (self.used.load(Ordering::Relaxed) > self.allowed).then(|| self.over())
    }

    fn over(&self) -> OverLimit {
        OverLimit {
            limit: LimitKind::Output,
            allowed: self.allowed,
        }
    }

    /// Passes a piece on, waiting for room.
    pub(crate) async fn send(&self, piece: Piece) {
        // The forwarder lives until all senders are gone.
        let _ = self.sender().send(piece).await;
    }

    /// Waits until all that was said is on its way.
    pub(crate) async fn finish(&self) {
        let forwarder = self
            .forwarder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Forwarder { pieces, task }) = forwarder {
            drop(pieces);
            // It panics only if the upstream does, and then there is nobody to tell.
            let _ = task.await;
        }
    }

    fn sender(&self) -> mpsc::Sender<Piece> {
        let mut forwarder = self
            .forwarder
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let started = forwarder.get_or_insert_with(|| {
            let (pieces, waiting) = mpsc::channel(WAITING);
            let task = tokio::spawn(forward(self.module.clone(), self.upstream.clone(), waiting));
            Forwarder { pieces, task }
        });
        started.pieces.clone()
    }
}

async fn forward(module: String, upstream: Arc<dyn Upstream>, mut pieces: mpsc::Receiver<Piece>) {
    let send = async |level, target: &str, text: String| {
        let record = LogRecord {
            module: Some(module.clone()),
            level,
            target: target.to_owned(),
            text,
        };
        upstream.log(record).await;
    };
    let mut lines = [Lines::new("stdout"), Lines::new("stderr")];
    while let Some(piece) = pieces.recv().await {
        match piece {
            Piece::Record(level, target, text) => send(level, &target, text).await,
            Piece::Bytes(target, bytes) => {
                for stream in lines.iter_mut().filter(|stream| stream.target == target) {
                    for text in stream.push(&bytes) {
                        send(Level::Info, target, text).await;
                    }
                }
            }
        }
    }
    for stream in &mut lines {
        if let Some(text) = stream.rest() {
            send(Level::Info, stream.target, text).await;
        }
    }
}

/// Puts the bytes of a stream together to whole lines.
struct Lines {
    target: &'static str,
    partial: Vec<u8>,
}

impl Lines {
    fn new(target: &'static str) -> Self {
        Self {
            target,
            partial: Vec::new(),
        }
    }

    /// The lines that are complete now, several in a text, without the last one's end.
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        self.partial.extend_from_slice(bytes);
        let mut texts = Vec::new();
        while self.partial.len() >= RECORD {
            let window = &self.partial[..RECORD];
            let (end, skip) = match window.iter().rposition(|byte| *byte == b'\n') {
                Some(end) => (end, end + 1),
                None => (RECORD, RECORD),
            };
            texts.push(String::from_utf8_lossy(&window[..end]).into_owned());
            self.partial.drain(..skip);
        }
        if let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\n') {
            texts.push(String::from_utf8_lossy(&self.partial[..end]).into_owned());
            self.partial.drain(..=end);
        }
        texts
    }

    fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.partial);
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
    }
}

/// A guest's standard output or error.
#[derive(Clone)]
pub(crate) struct Stream {
    target: &'static str,
    output: Arc<Output>,
}

impl Stream {
    pub(crate) fn new(target: &'static str, output: Arc<Output>) -> Self {
        Self { target, output }
    }
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Writer {
            stream: self.clone(),
            room: None,
        })
    }
}

type Room = Pin<Box<dyn Future<Output = Option<mpsc::OwnedPermit<Piece>>> + Send + Sync>>;

/// One open handle on a [`Stream`].
struct Writer {
    stream: Stream,
    room: Option<Room>,
}

impl AsyncWrite for Writer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let room = this.room.get_or_insert_with(|| {
            let sender = this.stream.output.sender();
            Box::pin(async move { sender.reserve_owned().await.ok() })
        });
        let permit = ready!(room.as_mut().poll(cx));
        this.room = None;
        this.stream
            .output
            .spend(bytes.len())
            .map_err(io::Error::other)?;
        if let Some(permit) = permit {
            let piece = Piece::Bytes(this.stream.target, Bytes::copy_from_slice(bytes));
            permit.send(piece);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
