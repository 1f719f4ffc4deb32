//! What a guest that is a program is started with: its arguments and its standard streams.

use crate::output::Stream;
use bytes::Bytes;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::cli::AsyncStdinStream;

/// Pieces of a standard input. An error says why there are no more, though its writer had more.
pub type Pieces = mpsc::Receiver<Result<Bytes, String>>;

/// A command line. The default is an empty one, with an empty standard input, and an output that goes into the log.
#[derive(Debug, Default)]
pub struct Program {
    /// The arguments behind the program's name.
    pub args: Vec<String>,
    /// The standard input, if it is not empty.
    pub stdin: Option<Pieces>,
    /// Who takes the standard output, if somebody does.
    pub stdout: Option<mpsc::Sender<Bytes>>,
}

impl Program {
    /// Tells WASI. Its name is that of its file, as most runtimes have it. Must be called inside a tokio runtime.
    pub(crate) fn start(self, module: &str, builder: &mut WasiCtxBuilder) {
        builder.arg(format!("{module}.wasm")).args(&self.args);
        if let Some(pieces) = self.stdin {
            let rest = Bytes::new();
            builder.stdin(AsyncStdinStream::new(Reader { pieces, rest }));
        }
        if let Some(sender) = self.stdout {
            builder.stdout(Stream::new(sender));
        }
    }
}

struct Reader {
    pieces: Pieces,
    /// What is left of the last piece.
    rest: Bytes,
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rest.is_empty() {
            match ready!(self.pieces.poll_recv(cx)) {
                Some(Ok(piece)) => self.rest = piece,
                Some(Err(why)) => return Poll::Ready(Err(io::Error::other(why))),
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = into.remaining().min(self.rest.len());
        into.put_slice(&self.rest.split_to(count));
        Poll::Ready(Ok(()))
    }
}
