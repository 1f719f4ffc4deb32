//! Standard output and error of a guest, as WASI takes them.

use super::{Output, Piece};
use crate::guest::OverLimit;
use async_trait::async_trait;
use bytes::Bytes;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;
use tokio::sync::mpsc::{self, error::TrySendError};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// The most that is written at once, in bytes.
const WRITE: usize = 64 << 10;

/// Where what is written goes, through a channel that the guest waits for.
pub(crate) trait Sink: Clone + Send + Sync + 'static {
    /// What goes through the channel.
    type Piece: Send + 'static;

    fn sender(&self) -> mpsc::Sender<Self::Piece>;

    /// Makes a piece of bytes.
    ///
    /// # Errors
    /// If there may be no more of them.
    fn piece(&self, bytes: Bytes) -> Result<Self::Piece, OverLimit>;
}

/// Into the log, a line at a time.
#[derive(Clone)]
pub(crate) struct Lines {
    target: &'static str,
    output: Arc<Output>,
}

impl Lines {
    pub(crate) fn new(target: &'static str, output: Arc<Output>) -> Self {
        Self { target, output }
    }
}

impl Sink for Lines {
    type Piece = Piece;

    fn sender(&self) -> mpsc::Sender<Piece> {
        self.output.sender()
    }

    fn piece(&self, bytes: Bytes) -> Result<Piece, OverLimit> {
        self.output.spend(bytes.len())?;
        Ok(Piece::Bytes(self.target, bytes))
    }
}

/// To whoever reads them, as they are. Nobody keeps them, so that there may be any number.
impl Sink for mpsc::Sender<Bytes> {
    type Piece = Bytes;

    fn sender(&self) -> Self {
        self.clone()
    }

    fn piece(&self, bytes: Bytes) -> Result<Bytes, OverLimit> {
        Ok(bytes)
    }
}

/// A guest's standard output or error.
#[derive(Clone)]
pub(crate) struct Stream<S>(S);

impl<S: Sink> Stream<S> {
    pub(crate) fn new(sink: S) -> Self {
        Self(sink)
    }
}

impl<S> IsTerminal for Stream<S> {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl<S: Sink> StdoutStream for Stream<S> {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Writer {
            sink: self.0.clone(),
            room: None,
        })
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Handle {
            sink: self.0.clone(),
            permit: None,
        })
    }
}

/// One open handle of WASI 0.2. What is written is in the channel at once: no buffer of the
/// handle's own is lost with the store.
struct Handle<S: Sink> {
    sink: S,
    permit: Option<mpsc::OwnedPermit<S::Piece>>,
}

#[async_trait]
impl<S: Sink> Pollable for Handle<S> {
    async fn ready(&mut self) {
        if self.permit.is_none() {
            // Where nobody reads any more a write says so.
            self.permit = self.sink.sender().reserve_owned().await.ok();
        }
    }
}

impl<S: Sink> OutputStream for Handle<S> {
    fn check_write(&mut self) -> StreamResult<usize> {
        if self.permit.is_none() {
            self.permit = match self.sink.sender().try_reserve_owned() {
                Ok(permit) => Some(permit),
                Err(TrySendError::Full(_)) => None,
                Err(TrySendError::Closed(_)) => return Err(StreamError::Closed),
            };
        }
        Ok(if self.permit.is_some() { WRITE } else { 0 })
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let permit = self.permit.take();
        let permit = permit.filter(|_| bytes.len() <= WRITE).ok_or_else(|| {
            StreamError::trap("a write of more bytes than check-write has permitted")
        })?;
        if bytes.is_empty() {
            return Ok(());
        }
        let piece = self.sink.piece(bytes);
        permit.send(piece.map_err(|over| StreamError::Trap(over.into()))?);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }
}

type Room<T> = Pin<Box<dyn Future<Output = Option<mpsc::OwnedPermit<T>>> + Send + Sync>>;

/// One open handle of WASI 0.3.
struct Writer<S: Sink> {
    sink: S,
    room: Option<Room<S::Piece>>,
}

// Nothing in it is pinned where it is.
impl<S: Sink> Unpin for Writer<S> {}

impl<S: Sink> AsyncWrite for Writer<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let room = this.room.get_or_insert_with(|| {
            let sender = this.sink.sender();
            Box::pin(async move { sender.reserve_owned().await.ok() })
        });
        let permit = ready!(room.as_mut().poll(cx));
        this.room = None;
        let permit = permit.ok_or(io::ErrorKind::BrokenPipe)?;
        // All of it may be all of the guest's memory.
        let bytes = &bytes[..bytes.len().min(WRITE)];
        if !bytes.is_empty() {
            let piece = this.sink.piece(Bytes::copy_from_slice(bytes));
            permit.send(piece.map_err(io::Error::other)?);
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
