//! A program that runs while the task goes on: one that says much, or that is answered.

use super::{Chunk, Request, Status, failed, line};
use crate::Failure;
use crate::host::command as host;
use std::collections::VecDeque;

/// A program under way. Dropping it kills it, and all it started in its process group.
pub struct Process {
    inner: host::Process,
    line: String,
}

impl Process {
    /// Starts a program. The request's `stdin` is given to it first.
    ///
    /// # Errors
    /// When it is not granted, or could not be started.
    pub fn start(request: &Request) -> Result<Self, Failure> {
        let line = line(&request.argv);
        match host::Process::start(request) {
            Ok(inner) => Ok(Self { inner, line }),
            Err(error) => Err(failed(&line, error)),
        }
    }

    /// Waits for what it says next, cut anywhere; none at the end of both its streams.
    ///
    /// # Errors
    /// When it said too much, or the system refuses.
    pub fn read(&self) -> Result<Option<Chunk>, Failure> {
        self.inner.read().map_err(|error| failed(&self.line, error))
    }

    /// The same line by line, each without its end. What is no UTF-8 is replaced.
    #[must_use]
    pub fn lines(&self) -> Lines<'_> {
        Lines {
            process: self,
            complete: VecDeque::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            ended: false,
        }
    }

    /// Gives it more input. Only where the grant allows any.
    ///
    /// # Errors
    /// When that is not so, its input was closed, or it no longer reads.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        self.inner
            .write(bytes)
            .map_err(|error| failed(&self.line, error))
    }

    /// Ends its input.
    pub fn close_stdin(&self) {
        self.inner.close_stdin();
    }

    /// Ends its input and waits for its end. What nobody has read of its output is passed over.
    ///
    /// # Errors
    /// When it says too much meanwhile, or the system refuses.
    pub fn wait(&self) -> Result<Status, Failure> {
        self.inner.wait().map_err(|error| failed(&self.line, error))
    }
}

/// A line that a program wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// To its standard output.
    Stdout(String),
    /// To its standard error.
    Stderr(String),
}

/// The lines of a program, as they come. It ends with the program's streams, or after an error.
pub struct Lines<'a> {
    process: &'a Process,
    complete: VecDeque<Line>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    ended: bool,
}

impl Iterator for Lines<'_> {
    type Item = Result<Line, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(line) = self.complete.pop_front() {
                return Some(Ok(line));
            }
            if self.ended {
                return None;
            }
            match self.process.read() {
                Ok(Some(Chunk::Stdout(bytes))) => {
                    cut(&mut self.stdout, &bytes, Line::Stdout, &mut self.complete);
                }
                Ok(Some(Chunk::Stderr(bytes))) => {
                    cut(&mut self.stderr, &bytes, Line::Stderr, &mut self.complete);
                }
                Ok(None) => {
                    self.ended = true;
                    rest(&mut self.stdout, Line::Stdout, &mut self.complete);
                    rest(&mut self.stderr, Line::Stderr, &mut self.complete);
                }
                Err(failure) => {
                    self.ended = true;
                    return Some(Err(failure));
                }
            }
        }
    }
}

/// Adds bytes to a line that has no end yet, and takes out those that are complete.
fn cut(partial: &mut Vec<u8>, bytes: &[u8], line: fn(String) -> Line, lines: &mut VecDeque<Line>) {
    let mut pieces = bytes.split(|byte| *byte == b'\n');
    // There is always a last one; it has no end.
    let last = pieces.next_back().unwrap_or_default();
    for piece in pieces {
        partial.extend_from_slice(piece);
        lines.push_back(line(text(partial)));
        partial.clear();
    }
    partial.extend_from_slice(last);
}

fn rest(partial: &mut Vec<u8>, line: fn(String) -> Line, lines: &mut VecDeque<Line>) {
    if !partial.is_empty() {
        lines.push_back(line(text(partial)));
        partial.clear();
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

#[cfg(test)]
mod tests;
