//! Work that may block, on threads that no guest needs.
//!
//! A disk may be slow, or hang with a server that is gone: the threads that run guests must not wait for it.
//! No thread can be taken from such work, so it asks again and again whether its call is still there.

use rustix::io::Errno;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::AbortHandle;
use wasmtime::Result;

/// Whether the call that wants the work is still there.
pub struct Alive(Arc<AtomicBool>);

impl Alive {
    /// An error as soon as nobody wants the work any more.
    pub(super) fn check(&self) -> Result<(), Errno> {
        if self.0.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(Errno::CANCELED)
        }
    }

    /// The same bytes, as long as somebody wants them.
    pub(super) fn reading<R: Read>(&self, from: R) -> impl Read {
        WhileAlive(self, from)
    }
}

struct WhileAlive<'a, R>(&'a Alive, R);

impl<R: Read> Read for WhileAlive<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.check()?;
        self.1.read(into)
    }
}

/// Does the work on a thread of its own. It ends early if the future is dropped.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce(&Alive) -> T + Send + 'static,
) -> Result<T> {
    let wanted = Arc::new(AtomicBool::new(true));
    let alive = Alive(wanted.clone());
    let task = tokio::task::spawn_blocking(move || work(&alive));
    let _end = End(wanted, task.abort_handle());
    Ok(task.await?)
}

/// Ends the work with this value: what has not begun never begins.
struct End(Arc<AtomicBool>, AbortHandle);

impl Drop for End {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
        self.1.abort();
    }
}
