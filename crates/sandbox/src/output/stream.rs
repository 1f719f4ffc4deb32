//! Standard output and error of a guest, as WASI takes them.

use super::{Output, Piece};
use async_trait::async_trait;
use bytes::Bytes;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;
use tokio::sync::mpsc;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// The most that WASI 0.2 may write at once, in bytes.
const WRITE: usize = 64 << 10;

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

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Handle {
            stream: self.clone(),
            permit: None,
        })
    }
}

/// One open handle of WASI 0.2. What is written is in the call's channel at once: no buffer of the
/// handle's own is lost with the store.
struct Handle {
    stream: Stream,
    permit: Option<mpsc::OwnedPermit<Piece>>,
}

#[async_trait]
impl Pollable for Handle {
    async fn ready(&mut self) {
        if self.permit.is_none() {
            // The forwarder lives until all senders are gone.
            self.permit = self.stream.output.sender().reserve_owned().await.ok();
        }
    }
}

impl OutputStream for Handle {
    fn check_write(&mut self) -> StreamResult<usize> {
        if self.permit.is_none() {
            self.permit = self.stream.output.sender().try_reserve_owned().ok();
        }
        Ok(if self.permit.is_some() { WRITE } else { 0 })
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let permit = self.permit.take();
        let permit = permit.filter(|_| bytes.len() <= WRITE).ok_or_else(|| {
            StreamError::trap("a write of more bytes than check-write has permitted")
        })?;
        let spent = self.stream.output.spend(bytes.len());
        spent.map_err(|over| StreamError::Trap(over.into()))?;
        permit.send(Piece::Bytes(self.stream.target, bytes));
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }
}

type Room = Pin<Box<dyn Future<Output = Option<mpsc::OwnedPermit<Piece>>> + Send + Sync>>;

/// One open handle of WASI 0.3.
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
