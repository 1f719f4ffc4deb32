//! The standard streams: taken for the protocol before anything can print into them.

use rustix::fs::{Mode, OFlags};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// The way to the parent.
pub(crate) struct Streams {
    pub(crate) input: OwnedFd,
    pub(crate) output: OwnedFd,
}

/// Moves standard input and output away. In their place come `/dev/null` and standard error, so
/// that a stray word of a library ends in the log instead of between two frames, and a command that
/// a guest starts cannot inherit the protocol.
pub(crate) fn take() -> io::Result<Streams> {
    let input = rustix::io::fcntl_dupfd_cloexec(io::stdin().as_fd(), 3)?;
    let output = rustix::io::fcntl_dupfd_cloexec(io::stdout().as_fd(), 3)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(null)?;
    rustix::stdio::dup2_stdout(io::stderr().as_fd())?;
    Ok(Streams { input, output })
}
