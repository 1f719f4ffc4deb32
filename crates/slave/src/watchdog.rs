//! Ends the process when its time is over, whatever its other threads do.

#[cfg(test)]
mod tests;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::process::{Signal, getpid, kill_process};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How long a slave may take to its end, of which its parent expects that it is over after 4 s. Its children and
/// guests are given less.
const PATIENCE: Duration = Duration::from_millis(3_800);

/// The context has left the tree: the end of its stream is in order.
static ALONE: AtomicBool = AtomicBool::new(false);

/// Says that the time runs. The thread that counts it is there from the beginning: later there may be none to be had.
static ARMED: OnceLock<OwnedFd> = OnceLock::new();

/// Watches the stream that comes from the parent, beside the thread that reads it, which may hang.
pub(crate) fn watch(input: OwnedFd) -> io::Result<()> {
    let armed = eventfd(0, EventfdFlags::CLOEXEC)?;
    // A process serves once.
    let armed = ARMED.get_or_init(|| armed);
    let thread = thread::Builder::new().name("watchdog".to_owned());
    thread.spawn(move || {
        outwait(&input, armed, &ALONE, PATIENCE);
        // Its guard ends the commands and the children.
        let _ = kill_process(getpid(), Signal::KILL);
    })?;
    Ok(())
}

/// From now on the time runs: the process ends, if not otherwise then hard.
pub(crate) fn arm() {
    if let Some(armed) = ARMED.get() {
        say(armed);
    }
}

fn say(armed: &OwnedFd) {
    // It fails only if it has been said more often than anybody can.
    let _ = rustix::io::write(armed, &1_u64.to_ne_bytes());
}

/// The context leaves the tree: from now on only [`arm`] counts.
pub(crate) fn call_off() {
    ALONE.store(true, Ordering::Release);
}

/// Returns when the time is over.
fn outwait(input: &OwnedFd, armed: &OwnedFd, alone: &AtomicBool, patience: Duration) {
    let armed = || PollFd::new(armed, PollFlags::IN);
    // No data, only the end: of a pipe, or of the other side's half of a socket.
    let end = PollFd::new(input, PollFlags::RDHUP);
    ready(&mut [end, armed()], None);
    if !ready(&mut [armed()], Some(patience)) {
        // The word that it may leave may have been read after the end was seen here.
        if !alone.load(Ordering::Acquire) {
            return;
        }
        ready(&mut [armed()], None);
    }
    thread::sleep(patience);
}

/// Waits until one of them is ready, or for so long. True if one is.
fn ready(descriptors: &mut [PollFd<'_>], time: Option<Duration>) -> bool {
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    loop {
        match poll(descriptors, time.as_ref()) {
            Ok(count) => return count > 0,
            // A signal, or a moment without memory: nothing that says that the time is over.
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}
