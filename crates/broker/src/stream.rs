//! Pipes, sockets and terminals as tokio streams: what the standard streams of a process are.

use std::io::Result;
use std::os::fd::OwnedFd;
use tokio::net::unix::pipe;

/// The reading end of anything that polls, which is all but regular files. The descriptor becomes
/// non-blocking. Must be called inside a tokio runtime.
///
/// # Errors
/// If the descriptor cannot be polled.
pub fn reader(fd: OwnedFd) -> Result<pipe::Receiver> {
    rustix::io::ioctl_fionbio(&fd, true)?;
    // Unchecked, because a pipe is only the most frequent case: under a remote shell or a
    // container's runtime it may be a socket, and reading is the same.
    pipe::Receiver::from_owned_fd_unchecked(fd)
}

/// The writing end, else as [`reader`].
///
/// # Errors
/// If the descriptor cannot be polled.
pub fn writer(fd: OwnedFd) -> Result<pipe::Sender> {
    rustix::io::ioctl_fionbio(&fd, true)?;
    pipe::Sender::from_owned_fd_unchecked(fd)
}
