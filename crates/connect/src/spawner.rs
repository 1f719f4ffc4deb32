//! The thread that starts all processes.
//!
//! A slave that is a direct child asks the system to end it when its parent ends, so that it does not survive even if it
//! is stopped. But the system means by that the thread that started it, and threads of a program may come and go. This
//! one stays.

use crate::{Guard, Process};
use std::io;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use tokio::process::Command;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// The way to the thread, once it runs.
static JOBS: Mutex<Option<Sender<Job>>> = Mutex::new(None);

/// Starts a process on this runtime, and holds a descriptor open as long as it lives. Dropping the future ends it, if it
/// was started.
pub(crate) async fn spawn(
    mut command: Command,
    guard: Option<Arc<dyn Guard>>,
    held: Option<OwnedFd>,
) -> io::Result<Process> {
    let runtime = Handle::current();
    let (sender, started) = oneshot::channel();
    let job: Job = Box::new(move || {
        let _in = runtime.enter();
        let child = command.spawn();
        // It holds our copies of the child's ends, without which no stream would ever end.
        drop(command);
        let started = child.and_then(|child| Process::new(child, guard.as_deref(), held));
        // If nobody waits any longer the process is dropped, which ends it.
        let _ = sender.send(started);
    });
    let failed = || io::Error::other("the thread that starts processes failed");
    jobs()?.send(job).map_err(|_| failed())?;
    started.await.map_err(|_| failed())?
}

fn jobs() -> io::Result<Sender<Job>> {
    let mut jobs = JOBS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(jobs) = &*jobs {
        return Ok(jobs.clone());
    }
    let (sender, receiver) = mpsc::channel::<Job>();
    let thread = thread::Builder::new().name("spawner".to_owned());
    thread.spawn(move || {
        for job in receiver {
            // tokio panics on a runtime that cannot start processes. The thread must not end: all children would.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    })?;
    Ok(jobs.insert(sender).clone())
}
