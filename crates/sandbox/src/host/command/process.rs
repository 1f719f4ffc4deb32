//! `command.process`: a program that a guest talks to while it runs.

use super::group::Group;
use super::talk::{Pipe, ended, io};
use super::{permitted, spawn};
use crate::guest::Guest;
use crate::host::bindings::zymogen::task::command::{Chunk, Error, HostProcess, Request, Status};
use crate::output::{Output, Piece};
use bytes::{Buf, Bytes};
use proto::policy::{Exec, Input};
use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::WasiView;

/// Programs that one call may have at once: each takes three descriptors of this process.
pub(crate) const MAX_PROCESSES: usize = 16;

/// A program under way, and what it said that nobody has taken yet. Dropping it kills the program's group.
pub struct Process {
    // It goes before its leader does.
    group: Group,
    child: Child,
    stdin: Option<ChildStdin>,
    /// The guest may still write.
    open: bool,
    /// Input that the pipe has not taken yet.
    unsent: Bytes,
    stdout: Pipe<ChildStdout>,
    stderr: Pipe<ChildStderr>,
    /// What came while somebody wrote: otherwise both would wait for each other. The call's output limit bounds it.
    heard: VecDeque<Chunk>,
    status: Option<Status>,
    deadline: Option<Instant>,
    live: bool,
    output: Arc<Output>,
    _place: OwnedSemaphorePermit,
}

impl HostProcess for Guest {
    async fn start(&mut self, request: Request) -> Result<Result<Resource<Process>, Error>> {
        let wanted = match permitted(&self.policy, &request) {
            Ok(wanted) => wanted,
            Err(error) => return Ok(Err(error)),
        };
        let Ok(place) = self.processes.clone().try_acquire_owned() else {
            let why = format!("{MAX_PROCESSES} programs at once are the most that a call may have");
            return Ok(Err(Error::Io(why)));
        };
        // As before `run`: starting a program waits for the disk from which it comes.
        tokio::task::yield_now().await;
        let (mut child, group) = match spawn(&request, &wanted.cwd, self.guard.as_ref()) {
            Ok(spawned) => spawned,
            Err(error) => return Ok(Err(error)),
        };
        let any = Exec {
            input: Input::Any,
            ..wanted
        };
        let timeout = request.timeout_ms.map(Duration::from_millis);
        let mut process = Process {
            group,
            stdin: child.stdin.take(),
            open: self.policy.may_execute(&any),
            unsent: request.stdin.into(),
            stdout: Pipe::new(child.stdout.take()),
            stderr: Pipe::new(child.stderr.take()),
            child,
            heard: VecDeque::new(),
            status: None,
            // One so far away that it cannot be told is none.
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            live: request.live,
            output: self.output.clone(),
            _place: place,
        };
        process.close_what_is_sent();
        Ok(Ok(self.ctx().table.push(process)?))
    }

    async fn read(&mut self, process: Resource<Process>) -> Result<Result<Option<Chunk>, Error>> {
        let read = self.ctx().table.get_mut(&process)?.read().await;
        self.within_output(read)
    }

    async fn write(
        &mut self,
        process: Resource<Process>,
        bytes: Vec<u8>,
    ) -> Result<Result<(), Error>> {
        let written = self.ctx().table.get_mut(&process)?.write(bytes.into());
        let written = written.await;
        self.within_output(written)
    }

    async fn close_stdin(&mut self, process: Resource<Process>) -> Result<()> {
        self.ctx().table.get_mut(&process)?.close_stdin();
        Ok(())
    }

    async fn wait(&mut self, process: Resource<Process>) -> Result<Result<Status, Error>> {
        let status = self.ctx().table.get_mut(&process)?.wait().await;
        self.within_output(status)
    }

    async fn drop(&mut self, process: Resource<Process>) -> Result<()> {
        self.ctx().table.delete(process)?;
        Ok(())
    }
}

impl Process {
    /// What comes next; none at the end of both streams.
    async fn read(&mut self) -> Result<Option<Chunk>, Error> {
        loop {
            if let Some(chunk) = self.heard.pop_front() {
                return Ok(Some(chunk));
            }
            if !self.stdout.is_open() && !self.stderr.is_open() {
                return Ok(None);
            }
            self.step().await?;
        }
    }

    /// Waits until the pipe has taken all of it.
    async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        if !self.open {
            let why = "its standard input is closed, or all of it was granted and given before";
            return Err(Error::Denied(why.to_owned()));
        }
        self.flush().await?;
        self.unsent = bytes;
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Error> {
        while !self.unsent.is_empty() {
            if self.stdin.is_none() {
                self.unsent = Bytes::new();
                return Err(Error::Io(
                    "it no longer reads its standard input".to_owned(),
                ));
            }
            self.step().await?;
        }
        Ok(())
    }

    fn close_stdin(&mut self) {
        self.open = false;
        self.close_what_is_sent();
    }

    async fn wait(&mut self) -> Result<Status, Error> {
        self.close_stdin();
        loop {
            if let Some(status) = self.status {
                return Ok(status);
            }
            self.step().await?;
            self.heard.clear();
        }
    }

    /// One thing that happens to the program.
    async fn step(&mut self) -> Result<(), Error> {
        let deadline = self.deadline;
        let deadline = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => pending().await,
            }
        };
        let heard = tokio::select! {
            sent = send(&mut self.stdin, &self.unsent), if !self.unsent.is_empty() => {
                match sent {
                    Ok(count) => self.unsent.advance(count),
                    // That it does not read is no fault.
                    Err(_) => self.stdin = None,
                }
                self.close_what_is_sent();
                return Ok(());
            }
            piece = self.stdout.read(), if self.stdout.is_open() => {
                piece?.map(|piece| ("stdout", piece))
            }
            piece = self.stderr.read(), if self.stderr.is_open() => {
                piece?.map(|piece| ("stderr", piece))
            }
            status = self.child.wait(), if self.status.is_none() => {
                return self.over(ended(status.map_err(io)?));
            }
            () = deadline, if self.status.is_none() => return self.over(Status::TimedOut),
        };
        match heard {
            Some((target, piece)) => self.hear(target, piece).await,
            None => Ok(()),
        }
    }

    async fn hear(&mut self, target: &'static str, piece: Bytes) -> Result<(), Error> {
        if self.output.spend(piece.len()).is_err() {
            self.group.end();
            return Err(Error::TooMuchOutput(self.output.left()));
        }
        let bytes = piece.to_vec();
        self.heard.push_back(match target {
            "stdout" => Chunk::Stdout(bytes),
            _ => Chunk::Stderr(bytes),
        });
        if self.live {
            self.output.send(Piece::Bytes(target, piece)).await;
        }
        Ok(())
    }

    /// It has ended, or its time has: what is in its streams now is all, as nobody is left who belongs to it.
    fn over(&mut self, status: Status) -> Result<(), Error> {
        self.group.end();
        self.stdin = None;
        self.status = Some(status);
        self.stdout.end()?;
        self.stderr.end()
    }

    fn close_what_is_sent(&mut self) {
        if self.unsent.is_empty() && !self.open {
            self.stdin = None;
        }
    }
}

async fn send(stdin: &mut Option<ChildStdin>, bytes: &[u8]) -> std::io::Result<usize> {
    match stdin {
        Some(stdin) => stdin.write(bytes).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests;
