//! The two tasks of a link: one reads frames in, one writes batches out.

use crate::IO_SIZE;
use crate::broker::Broker;
use crate::execute::Turn;
use crate::queue::SendQueue;
use bytes::Buf;
use proto::message::Down;
use proto::router::Input;
use proto::{FrameDecoder, LinkId};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

/// A peer that takes nothing more may go on speaking for so long. Heartbeats notice sooner when it has fallen silent.
const LAST_WORDS: Duration = Duration::from_secs(60);

/// What a link's reader says of itself. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading(Arc<Progress>);

#[derive(Debug, Default)]
struct Progress {
    delivering: AtomicBool,
    received: AtomicU64,
}

impl Reading {
    /// Is it just delivering a message? That may block it.
    pub(crate) fn is_delivering(&self) -> bool {
        self.0.delivering.load(Ordering::Relaxed)
    }

    /// Bytes of frames that have come so far.
    pub(crate) fn received(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }

    fn deliver(&self, delivering: bool) {
        self.0.delivering.store(delivering, Ordering::Relaxed);
    }

    fn count(&self, bytes: usize) {
        self.0.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// A task's hold on its link. However the task ends, be it by a panic, the link goes down with it.
pub(crate) struct End {
    broker: Broker,
    link: LinkId,
    closed: watch::Receiver<Option<Down>>,
    why: Down,
}

impl End {
    pub(crate) fn new(broker: Broker, link: LinkId, closed: watch::Receiver<Option<Down>>) -> Self {
        let why = Down::Io("the task that served it failed".to_owned());
        Self {
            broker,
            link,
            closed,
            why,
        }
    }

    /// Works until the work ends, or the link goes down otherwise.
    async fn after(mut self, work: impl Future<Output = Down>) {
        self.why = tokio::select! {
            why = work => why,
            _ = self.closed.wait_for(Option::is_some) => Down::ClosedHere,
        };
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // Nothing happens to a link that is down already.
        self.broker.lost(self.link, self.why.clone());
    }
}

/// Reads until the stream ends, is corrupt, or the link is down.
pub(crate) async fn read(
    end: End,
    stream: impl AsyncRead,
    decoder: FrameDecoder,
    reading: Reading,
) {
    let (broker, link) = (end.broker.clone(), end.link);
    let frames = read_frames(&broker, link, stream, decoder, &reading);
    end.after(frames).await;
}

async fn read_frames(
    broker: &Broker,
    link: LinkId,
    stream: impl AsyncRead,
    mut decoder: FrameDecoder,
    reading: &Reading,
) -> Down {
    let mut stream = std::pin::pin!(stream);
    loop {
        // First what the handshake read ahead, then what comes.
        let turn = Turn::begin();
        let mut whole = false;
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => {
                    whole = true;
                    reading.deliver(true);
                    reading.count(frame.wire_len());
                    let turns = broker.way_on(link, frame.header.dst).await;
                    broker.drive_with(Input::Frame { link, frame }, turn);
                    drop(turns);
                    reading.deliver(false);
                }
                Ok(None) => break,
                Err(error) => return Down::Corrupt(error.to_string()),
            }
        }
        if !whole {
            broker.drive(Input::Heard { link });
        }
        if !turn.is_left() {
            // Calls had their time. What they answered waits for the writer, which may share the thread.
            tokio::task::yield_now().await;
        }
        let wanted = decoder.wanted().max(IO_SIZE);
        let buffer = decoder.buffer();
        buffer.reserve(wanted.min(8 * IO_SIZE));
        match stream.read_buf(buffer).await {
            Ok(0) => {
                return match decoder.finish() {
                    Ok(()) => Down::Closed,
                    Err(error) => Down::Corrupt(error.to_string()),
                };
            }
            // More is there at once, most likely. A writer that shares the thread has its turn between.
            Ok(len) if len >= IO_SIZE / 2 => tokio::task::yield_now().await,
            Ok(_) => {}
            Err(error) => return Down::Io(error.to_string()),
        }
    }
}

/// Writes until the stream fails or the link is down, be it in the middle of a frame: a peer that does not
/// read would otherwise keep the stream open.
pub(crate) async fn write(end: End, stream: impl AsyncWrite, queue: Arc<SendQueue>) {
    end.after(async move {
        match write_batches(stream, &queue).await {
            Ok(()) => Down::ClosedHere,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                // What the peer said before it went, perhaps an outcome, can still be read. The end of that says
                // that the link is down; until then whatever is to be written is lost.
                queue.close();
                tokio::time::sleep(LAST_WORDS).await;
                Down::Closed
            }
            Err(error) => Down::Io(error.to_string()),
        }
    })
    .await;
}

async fn write_batches(stream: impl AsyncWrite, queue: &SendQueue) -> io::Result<()> {
    let mut stream = std::pin::pin!(stream);
    while let Some(mut batch) = queue.take().await {
        while batch.has_remaining() {
            let len = stream.write_buf(&mut batch).await?;
            if len == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            queue.wrote(len);
        }
        stream.flush().await?;
    }
    Ok(())
}
