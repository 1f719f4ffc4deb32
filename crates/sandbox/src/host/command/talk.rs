//! What goes into a program and what comes out of it, until it has ended.

use super::group::Group;
use crate::host::bindings::zymogen::task::command::{Error, Finished, Request, Status};
use crate::output::{Output, Piece};
use bytes::{Bytes, BytesMut};
use std::future::pending;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, Take};
use tokio::process::{Child, ChildStdin};
use tokio::sync::watch;

/// Bytes that are read from a program at once.
const PIECE: usize = 16 << 10;

/// Talks to a program until it has ended or its time is over, and then ends its group. What it has said until then is kept.
pub(super) async fn talk(
    child: &mut Child,
    group: &mut Group,
    request: &Request,
    output: &Arc<Output>,
) -> Result<Finished, Error> {
    let input = child.stdin.take();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (over, is_over) = watch::channel(false);
    let live = request.live;
    let ending = async {
        let status = tokio::select! {
            status = child.wait() => status.map(ended),
            never = feed(input, &request.stdin) => never,
            () = time(request.timeout_ms) => Ok(Status::TimedOut),
        };
        group.end();
        over.send_replace(true);
        status.map_err(io)
    };
    let (stdout, stderr, status) = tokio::try_join!(
        collect("stdout", stdout, output, live, is_over.clone()),
        collect("stderr", stderr, output, live, is_over),
        ending,
    )?;
    Ok(Finished {
        status,
        stdout,
        stderr,
    })
}

/// Resolves when the time of a request is over.
async fn time(ms: Option<u64>) {
    match ms {
        Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        None => pending().await,
    }
}

/// Gives a program its input. That it does not read it is no fault, nor an end.
async fn feed<T>(input: Option<ChildStdin>, bytes: &[u8]) -> T {
    if let Some(mut input) = input {
        let _ = input.write_all(bytes).await;
    }
    pending().await
}

/// A stream that a program writes.
pub(super) struct Pipe<S> {
    stream: Option<Take<S>>,
}

impl<S: AsyncRead + AsFd + Unpin> Pipe<S> {
    pub(super) fn new(stream: Option<S>) -> Self {
        Self {
            stream: stream.map(|stream| stream.take(u64::MAX)),
        }
    }

    /// May more come?
    pub(super) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Waits for what comes next; none at its end. Nothing is lost if nobody waits any more.
    pub(super) async fn read(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(stream) = &mut self.stream else {
            return Ok(None);
        };
        let mut piece = BytesMut::with_capacity(PIECE);
        if stream.read_buf(&mut piece).await.map_err(io)? == 0 {
            self.stream = None;
            return Ok(None);
        }
        Ok(Some(piece.freeze()))
    }

    /// The program is over: what is in the pipe now is the rest of it. A daemon that it left behind in a session of its
    /// own may hold it open for ever.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        if let Some(stream) = &mut self.stream {
            let left = rustix::io::ioctl_fionread(stream.get_ref());
            stream.set_limit(left.map_err(|error| io(error.into()))?);
        }
        Ok(())
    }
}

/// Reads a stream to its end, or until all is read that was in it when the program was over.
async fn collect(
    target: &'static str,
    stream: Option<impl AsyncRead + AsFd + Unpin>,
    output: &Arc<Output>,
    live: bool,
    mut is_over: watch::Receiver<bool>,
) -> Result<Vec<u8>, Error> {
    let mut collected = Vec::new();
    let mut pipe = Pipe::new(stream);
    let mut is_last = false;
    loop {
        let piece = tokio::select! {
            biased;
            _ = is_over.wait_for(|over| *over), if !is_last => {
                pipe.end()?;
                is_last = true;
                continue;
            }
            piece = pipe.read() => piece?,
        };
        let Some(piece) = piece else {
            return Ok(collected);
        };
        if output.spend(piece.len()).is_err() {
            return Err(Error::TooMuchOutput(output.left()));
        }
        collected.extend_from_slice(&piece);
        if live {
            output.send(Piece::Bytes(target, piece)).await;
        }
    }
}

pub(super) fn ended(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(code), _) => Status::Exited(code),
        (None, signal) => Status::Signalled(signal.unwrap_or(0)),
    }
}

pub(super) fn io(error: std::io::Error) -> Error {
    Error::Io(error.to_string())
}
