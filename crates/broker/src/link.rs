//! The two tasks of a link: one reads frames in, one writes batches out.

use crate::IO_SIZE;
use crate::broker::Broker;
use crate::queue::SendQueue;
use proto::message::Down;
use proto::router::Input;
use proto::{FrameDecoder, LinkId};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

/// Reads until the stream ends, is corrupt, or the link is closed from this side.
pub(crate) async fn read(
    broker: Broker,
    link: LinkId,
    stream: impl AsyncRead,
    decoder: FrameDecoder,
    mut closed: watch::Receiver<Option<Down>>,
) {
    let why = tokio::select! {
        why = read_frames(&broker, link, stream, decoder) => why,
        _ = closed.wait_for(Option::is_some) => return,
    };
    broker.lost(link, why);
}

async fn read_frames(
    broker: &Broker,
    link: LinkId,
    stream: impl AsyncRead,
    mut decoder: FrameDecoder,
) -> Down {
    let mut stream = std::pin::pin!(stream);
    loop {
        // First what the handshake read ahead, then what comes.
        let mut whole = false;
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => {
                    whole = true;
                    broker.drive(Input::Frame { link, frame });
                }
                Ok(None) => break,
                Err(error) => return Down::Corrupt(error.to_string()),
            }
        }
        if !whole {
            broker.drive(Input::Heard { link });
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
            Ok(_) => {}
            Err(error) => return Down::Io(error.to_string()),
        }
    }
}

/// Writes until the stream fails or the link is closed, be it in the middle of a frame: a peer that does not
/// read would otherwise keep the stream open.
pub(crate) async fn write(
    broker: Broker,
    link: LinkId,
    stream: impl AsyncWrite,
    queue: Arc<SendQueue>,
    mut closed: watch::Receiver<Option<Down>>,
) {
    let error = tokio::select! {
        error = write_batches(stream, &queue) => error,
        _ = closed.wait_for(Option::is_some) => return,
    };
    if let Err(error) = error {
        let why = match error.kind() {
            io::ErrorKind::BrokenPipe => Down::Closed,
            _ => Down::Io(error.to_string()),
        };
        broker.lost(link, why);
    }
}

async fn write_batches(stream: impl AsyncWrite, queue: &SendQueue) -> io::Result<()> {
    let mut stream = std::pin::pin!(stream);
    while let Some(mut batch) = queue.take().await {
        stream.write_all_buf(&mut batch).await?;
        stream.flush().await?;
    }
    Ok(())
}
