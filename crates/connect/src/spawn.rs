//! The one place that starts a process for a launch.

use crate::interview::{Interview, Pending};
use crate::terminal::Terminal;
use crate::{Cause, Launch, LineSink, Options, Process, Stdio, Tail, spawner};
use broker::{IO_SIZE, stream};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use std::os::fd::OwnedFd;
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
    /// Reads its terminal, if it has one, and holds our end of it.
    pub(crate) terminal: Option<JoinHandle<()>>,
    /// Hears its questions, if it may ask some.
    pub(crate) interview: Option<Interview>,
    /// Where its standard output puts a line without an end, if that may be a question.
    pub(crate) pending: Option<Pending>,
}

/// Starts the program of a launch in a process group of its own: ^C in the terminal reaches the
/// master, which then ends its children in order.
pub(crate) async fn spawn(
    launch: &Launch,
    options: &Options,
    tail: &Tail,
    sink: LineSink,
) -> Result<Spawned, Cause> {
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
        .stderr(their_err);
    for name in &options.withheld {
        command.env_remove(name);
    }
    let (terminal, held) = match launch.stdio {
        Stdio::Pipe => {
            command.process_group(0);
            (None, None)
        }
        Stdio::Terminal => {
            let terminal = Terminal::open().and_then(|terminal| terminal.control(&mut command));
            let (ours, theirs) = terminal.map_err(Cause::Terminal)?;
            (Some(ours), Some(theirs))
        }
    };
    let process = spawner::spawn(command, options.guard.clone(), held)
        .await
        .map_err(|error| Cause::Spawn {
            program: program.clone(),
            error,
        })?;
    // What nobody is asked cannot be answered either, whatever it looks like.
    let root = rustix::process::getuid().is_root();
    let dialogue = launch.dialogue.clone();
    let dialogue = dialogue.filter(|dialogue| dialogue.of_root || !root);
    let [first, second] = Pending::pair();
    // A program that has a terminal asks there, and what comes on its other streams is the target's.
    let (asks, on_stdout, on_stderr) = match (&dialogue, &terminal) {
        (None, _) => (None, None, None),
        (Some(_), Some(_)) => (Some(first.clone()), None, None),
        (Some(_), None) => (None, Some(first.clone()), Some(second)),
    };
    let answers = terminal.as_ref().map(OwnedFd::try_clone).transpose();
    let answers = answers.map_err(Cause::Terminal)?;
    // It is read as long as the program has it: else the program would be hung up, or wait for us.
    let terminal = terminal.map(|terminal| tail.collect(terminal, sink.clone(), asks));
    let terminal = terminal.transpose().map_err(Cause::Terminal)?;
    let interview = dialogue.map(|dialogue| Interview::new(dialogue, &first, answers));
    let interview = interview.transpose()?;
    Ok(Spawned {
        reader: stream::reader(our_out).map_err(Cause::Io)?,
        writer: stream::writer(our_in).map_err(Cause::Io)?,
        process,
        stderr: tail.collect(our_err, sink, on_stderr).map_err(Cause::Io)?,
        terminal,
        interview,
        pending: on_stdout,
    })
}

/// The reading and the writing end of a pipe that holds a whole read or write of the broker.
fn pipe() -> Result<(OwnedFd, OwnedFd), Cause> {
    let ends = pipe_with(PipeFlags::CLOEXEC).map_err(|errno| Cause::Io(errno.into()))?;
    // A user's pipes share a quota: beyond it a pipe stays small, and works.
    let _ = fcntl_setpipe_size(&ends.1, IO_SIZE);
    Ok(ends)
}
