//! Between a disk, which blocks, and a channel, which waits. A thread is used only while the disk works, so that however
//! many transfers wait for their channels, they hold no threads; and whoever drops the future has ended the transfer with
//! the piece that the disk is at.
//!
//! What travels is the content from somewhere on, and behind it the digest of the whole. Whatever has not come
//! before the end of the stream is missing, which the digest shows.

use crate::WINDOW;
use crate::bounds::Patience;
use broker::{ByteSender, Item, Receiver};
use bytes::Bytes;
use files::{Digest, FileError, Metadata, Reader, Writer};
use proto::message::Dead;
use std::time::Duration;
use tokio::task::spawn_blocking;

/// What the disk reads at once, in bytes, at the most.
const PIECE: usize = 256 << 10;

/// What is written at once, in bytes, and a piece.
const AT_ONCE: usize = 1 << 20;

/// What is hashed at once of a file that was there in part already, in bytes.
const STEP: u64 = 32 << 20;

/// How often and after which pauses a file is tried that somebody else is writing.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// The length of a digest.
const TAIL: usize = size_of::<Digest>();

/// Why a file did not come through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PumpError {
    /// The disk's side.
    #[error(transparent)]
    File(#[from] FileError),
    /// The channel's side.
    #[error(transparent)]
    Channel(#[from] Dead),
    /// The program ends.
    #[error("the transfer was interrupted")]
    Interrupted,
    /// The other side waits for ever.
    #[error("the other side has neither sent nor taken anything for {} s", .0.as_secs())]
    Idle(Duration),
    /// What came is not what should.
    #[error("the other side sent what is no file")]
    NoFile,
}

/// Sends a file from where its reader is to its end, and the digest of the whole. Each piece must be taken in time.
pub(crate) async fn send(
    mut reader: Reader,
    mut sender: ByteSender,
    patience: Option<Patience>,
) -> Result<(), PumpError> {
    let mut idle = patience.map(|it| it.first);
    loop {
        let left;
        (reader, left) = on(reader, |reader| reader.catch_up(STEP)).await?;
        if left == 0 {
            break;
        }
    }
    let mut piece;
    (reader, piece) = on(reader, |reader| reader.next(PIECE)).await?;
    let mut gone = 0;
    while !piece.is_empty() {
        gone += piece.len() as u64;
        // The disk reads the next one meanwhile.
        let next = on(reader, |reader| reader.next(PIECE));
        let (next, sent) = tokio::join!(next, within(idle, sender.send(piece)));
        sent??;
        // What fits on the way is gone before the other side has taken anything: it may still read what it had.
        if gone > WINDOW + 2 * PIECE as u64 {
            idle = patience.map(|it| it.then);
        }
        (reader, piece) = next?;
    }
    let digest = reader.digest().ok_or(PumpError::Interrupted)?;
    let end = async {
        sender.send(Bytes::copy_from_slice(&digest)).await?;
        sender.finish().await
    };
    Ok(within(idle, end).await??)
}

/// Waits for the other side, for so long at the most.
pub(crate) async fn within<T>(
    idle: Option<Duration>,
    wait: impl Future<Output = T>,
) -> Result<T, PumpError> {
    match idle {
        Some(idle) => tokio::time::timeout(idle, wait)
            .await
            .map_err(|_| PumpError::Idle(idle)),
        None => Ok(wait.await),
    }
}

/// Opens a file to write it. A transfer that was given up lets its file go when the disk is done with its last piece: whoever
/// tries again at once waits for that.
pub(crate) async fn open(
    open: impl Fn() -> Result<Writer, FileError> + Clone + Send + 'static,
) -> Result<Writer, PumpError> {
    for _ in 1..ATTEMPTS {
        match blocking(open.clone()).await {
            Err(PumpError::File(FileError::Busy { .. })) => tokio::time::sleep(PAUSE).await,
            done => return done,
        }
    }
    blocking(open).await
}

/// Writes what comes to its end, and puts it in its place. If it breaks off, what there is stays if the writer was opened
/// to be resumed. Each piece must come in time.
pub(crate) async fn receive(
    mut writer: Writer,
    receiver: &mut Receiver,
    patience: Option<Patience>,
) -> Result<Metadata, PumpError> {
    let mut idle = patience.map(|it| it.first);
    loop {
        let left;
        (writer, left) = on(writer, |writer| writer.catch_up(STEP)).await?;
        if left == 0 {
            break;
        }
    }
    let mut tail = Tail::default();
    let mut ended = false;
    while !ended {
        // What comes while the disk works is written at once afterwards.
        let mut parts = Vec::new();
        let mut bytes = 0;
        let mut broke = None;
        let mut next = Some(within(idle, receiver.next()).await?);
        idle = patience.map(|it| it.then);
        while let Some(received) = next {
            match received.item {
                Item::Bytes(piece) => {
                    bytes += piece.len();
                    parts.extend(tail.shift(piece));
                }
                Item::End => ended = true,
                Item::Dead(dead) => broke = Some(dead.into()),
                Item::Message(_) => broke = Some(PumpError::NoFile),
            }
            let is_full = ended || broke.is_some() || bytes >= AT_ONCE;
            next = (!is_full).then(|| receiver.try_next()).flatten();
        }
        let write = move |writer: &mut Writer| parts.iter().try_for_each(|part| writer.write(part));
        (writer, ()) = on(writer, write).await?;
        if let Some(error) = broke {
            return Err(error);
        }
    }
    let digest = tail.digest().ok_or(PumpError::NoFile)?;
    blocking(move || writer.finish(digest)).await
}

/// The last bytes that came: they may be the digest.
#[derive(Default)]
struct Tail(Bytes);

impl Tail {
    /// What of the stream is content for sure, now that there is more of it.
    fn shift(&mut self, mut piece: Bytes) -> [Bytes; 2] {
        if piece.len() >= TAIL {
            let last = piece.split_off(piece.len() - TAIL);
            return [std::mem::replace(&mut self.0, last), piece];
        }
        let mut joined = Bytes::from([&self.0[..], &piece[..]].concat());
        self.0 = joined.split_off(joined.len().saturating_sub(TAIL));
        [joined, Bytes::new()]
    }

    /// None if that was not even a digest.
    fn digest(&self) -> Option<Digest> {
        (&self.0[..]).try_into().ok()
    }
}

/// Does what may block where it may, and gives back what it was done with.
async fn on<T: Send + 'static, R: Send + 'static>(
    mut file: T,
    work: impl FnOnce(&mut T) -> Result<R, FileError> + Send + 'static,
) -> Result<(T, R), PumpError> {
    blocking(move || {
        let done = work(&mut file)?;
        Ok((file, done))
    })
    .await
}

/// Does what may block where it may.
pub(crate) async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, FileError> + Send + 'static,
) -> Result<R, PumpError> {
    let done = spawn_blocking(work).await;
    Ok(done.map_err(|_| PumpError::Interrupted)??)
}

#[cfg(test)]
mod tests;
