//! What goes into a program and what comes out of it, until it has ended.

use super::group::Group;
use crate::host::bindings::zymogen::task::command::{Error, Finished, Request, Status};
use crate::output::{Output, Piece};
use bytes::Bytes;
use std::future::pending;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};
use tokio::sync::watch;

/// Bytes that are read from a program at once.
const PIECE: usize = 16 << 10;

/// Talks to a program until it has ended, and then ends its group.
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
            status = child.wait() => status,
            never = feed(input, &request.stdin) => never,
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
        status: ended(status),
        stdout,
        stderr,
    })
}

/// Gives a program its input. That it does not read it is no fault, nor an end.
async fn feed<T>(input: Option<ChildStdin>, bytes: &[u8]) -> T {
    if let Some(mut input) = input {
        let _ = input.write_all(bytes).await;
    }
    pending().await
}

/// Reads a stream to its end, or until all is read that was in it when the program was over: a daemon
/// that it left behind in a session of its own may hold the stream open for ever.
async fn collect(
    target: &'static str,
    stream: Option<impl AsyncRead + AsFd + Unpin>,
    output: &Arc<Output>,
    live: bool,
    mut is_over: watch::Receiver<bool>,
) -> Result<Vec<u8>, Error> {
    let mut collected = Vec::new();
    let Some(stream) = stream else {
        return Ok(collected);
    };
    let mut stream = stream.take(u64::MAX);
    let mut is_last = false;
    let mut piece = [0; PIECE];
    loop {
        let count = tokio::select! {
            biased;
            _ = is_over.wait_for(|over| *over), if !is_last => {
                let left = rustix::io::ioctl_fionread(stream.get_ref());
                stream.set_limit(left.map_err(|error| io(error.into()))?);
                is_last = true;
                continue;
            }
            count = stream.read(&mut piece) => count.map_err(io)?,
        };
        if count == 0 {
            return Ok(collected);
        }
        let read = &piece[..count];
        if output.spend(count).is_err() {
            return Err(Error::TooMuchOutput(output.left()));
        }
        collected.extend_from_slice(read);
        if live {
            output
                .send(Piece::Bytes(target, Bytes::copy_from_slice(read)))
                .await;
        }
    }
}

fn ended(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(code), _) => Status::Exited(code),
        (None, signal) => Status::Signalled(signal.unwrap_or(0)),
    }
}

fn io(error: std::io::Error) -> Error {
    Error::Io(error.to_string())
}
