//! The one place that starts a process for a launch.

use crate::{Cause, Guard, Launch, LineSink, Process, Stdio, Tail, spawner};
use broker::{IO_SIZE, stream};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use tokio::net::unix::pipe;
use tokio::process::Command;
use tokio::task::JoinHandle;

/// A process with its streams.
pub(crate) struct Spawned {
    pub(crate) reader: pipe::Receiver,
    pub(crate) writer: pipe::Sender,
    pub(crate) process: Process,
    /// Ends when the last holder of the standard error has closed it.
    pub(crate) stderr: JoinHandle<()>,
}

/// Starts the program of a launch in a process group of its own: ^C in the terminal reaches the
/// master, which then ends its children in order.
pub(crate) async fn spawn(
    launch: &Launch,
    tail: &Tail,
    sink: LineSink,
    guard: Option<Arc<dyn Guard>>,
) -> Result<Spawned, Cause> {
    let Stdio::Pipe = launch.stdio;
    let Some((program, arguments)) = launch.argv.split_first() else {
        return Err(Cause::Protocol("a launch without a program".to_owned()));
    };
    let (their_in, our_in) = pipe()?;
    let (our_out, their_out) = pipe()?;
    let (our_err, their_err) = pipe()?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(their_in)
        .stdout(their_out)
        .stderr(their_err)
        .process_group(0);
    let process = spawner::spawn(command, guard)
        .await
        .map_err(|error| Cause::Spawn {
            program: program.clone(),
            error,
        })?;
    Ok(Spawned {
        reader: stream::reader(our_out).map_err(Cause::Io)?,
        writer: stream::writer(our_in).map_err(Cause::Io)?,
        process,
        stderr: tail.collect(our_err, sink).map_err(Cause::Io)?,
    })
}

/// The reading and the writing end of a pipe that holds a whole read or write of the broker.
fn pipe() -> Result<(OwnedFd, OwnedFd), Cause> {
    let ends = pipe_with(PipeFlags::CLOEXEC).map_err(|errno| Cause::Io(errno.into()))?;
    // A user's pipes share a quota: beyond it a pipe stays small, and works.
    let _ = fcntl_setpipe_size(&ends.1, IO_SIZE);
    Ok(ends)
}
