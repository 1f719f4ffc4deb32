//! What a guest says, on its way to the master: standard output, standard error, log records.
//!
//! All of one call goes through one bounded channel, in order, to a forwarder that is started by
//! the first word. A guest that talks faster than the master listens waits; one that talks more
//! than its limit ends.

mod lines;
mod stream;

pub(crate) use stream::{Lines, Stream};

use crate::guest::OverLimit;
use crate::upstream::Upstream;
use bytes::Bytes;
use lines::Partial;
use proto::message::{Level, LimitKind, LogRecord};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

/// Pieces that wait for the forwarder.
const WAITING: usize = 16;
/// What a record costs of the limit beside its text: an empty one has to be carried, too.
const RECORD_COST: usize = 64;

/// One call's output.
pub struct Output {
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
pub enum Piece {
    /// Bytes of a stream, cut anywhere.
    Bytes(&'static str, Bytes),
    /// A whole record.
    Record(Level, String, String),
}

impl Output {
    /// That of a call of this module.
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
    pub fn spend(&self, bytes: usize) -> Result<(), OverLimit> {
        let used = self.used.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if used <= self.allowed {
            return Ok(());
        }
        self.exceeded.notify_one();
        Err(self.over())
    }

    /// Bytes that may still come.
    pub fn left(&self) -> u64 {
        self.allowed
            .saturating_sub(self.used.load(Ordering::Relaxed))
    }

    /// Resolves when the limit is passed.
    pub async fn exceeded(&self) -> OverLimit {
        self.exceeded.notified().await;
        self.over()
    }

    /// What to say when the limit is passed, if it is.
    pub fn check(&self) -> Option<OverLimit> {
        (self.used.load(Ordering::Relaxed) > self.allowed).then(|| self.over())
    }

    fn over(&self) -> OverLimit {
        OverLimit {
            limit: LimitKind::Output,
            allowed: self.allowed,
        }
    }

    /// Passes a whole record on, waiting for room.
    pub async fn say(&self, level: Level, target: String, text: String) -> Result<(), OverLimit> {
        self.spend(RECORD_COST + target.len() + text.len())?;
        self.send(Piece::Record(level, target, text)).await;
        Ok(())
    }

    /// Passes on a piece that was paid for, waiting for room.
    pub async fn send(&self, piece: Piece) {
        // The forwarder lives until all senders are gone.
        let _ = self.sender().send(piece).await;
    }

    /// Waits until all that was said is on its way. False if nothing was.
    pub async fn finish(&self) -> bool {
        let forwarder = self
            .forwarder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(Forwarder { pieces, task }) = forwarder else {
            return false;
        };
        drop(pieces);
        // It panics only if the upstream does, and then there is nobody to tell.
        let _ = task.await;
        true
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

/// Sends what was said, in order. Lines that come while others are on their way go together.
async fn forward(module: String, upstream: Arc<dyn Upstream>, mut pieces: mpsc::Receiver<Piece>) {
    let send = async |level, target: &str, text: Option<String>| {
        let Some(text) = text else { return };
        let record = LogRecord {
            module: Some(module.clone()),
            level,
            target: target.to_owned(),
            text,
        };
        upstream.log(record).await;
    };
    let mut streams = [Partial::new("stdout"), Partial::new("stderr")];
    loop {
        let piece = match pieces.try_recv() {
            Ok(piece) => piece,
            Err(_) => {
                for stream in &mut streams {
                    send(Level::Info, stream.target, stream.complete()).await;
                }
                match pieces.recv().await {
                    Some(piece) => piece,
                    None => break,
                }
            }
        };
        for stream in &mut streams {
            match &piece {
                Piece::Bytes(target, bytes) if *target == stream.target => {
                    stream.push(bytes);
                    while let Some(text) = stream.cut() {
                        send(Level::Info, stream.target, Some(text)).await;
                    }
                }
                // What was said before by others comes before.
                _ => send(Level::Info, stream.target, stream.complete()).await,
            }
        }
        if let Piece::Record(level, target, text) = piece {
            send(level, &target, Some(text)).await;
        }
    }
    for stream in &mut streams {
        send(Level::Info, stream.target, stream.rest()).await;
    }
}
