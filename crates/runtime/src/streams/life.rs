//! How a guest has ended. A stream whose writer the guest has dropped is complete; one that is cut off because its guest has trapped
//! or was stopped is not, and whoever reads it must be told.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::watch;

/// The life of a guest, which its streams look at when they end.
#[derive(Clone)]
pub(crate) struct Life {
    failed: Arc<Mutex<Option<String>>>,
    /// Is the guest at work? What ends while it is not was ended by whoever dropped it.
    at_work: Arc<AtomicBool>,
    /// How many streams of it are open at both ends.
    open: watch::Sender<usize>,
}

/// How one stream has ended.
pub(super) struct Ending {
    failure: OnceLock<Option<String>>,
    is_over: AtomicBool,
    open: watch::Sender<usize>,
}

/// Held by whoever reads a stream.
pub(super) struct Reading(Arc<Ending>);

/// Held by the guest's side of a stream.
pub(super) struct Writing {
    life: Life,
    ending: Arc<Ending>,
}

impl Life {
    pub(crate) fn new() -> Self {
        Self {
            failed: Arc::default(),
            at_work: Arc::default(),
            open: watch::Sender::new(0),
        }
    }

    /// From now on no stream ends well. To be called before the store is dropped, and with it the streams.
    pub(crate) fn fail(&self, why: &str) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert_with(|| why.to_owned());
    }

    /// Drives a guest.
    pub(crate) async fn drive<T>(&self, mut guest: Pin<&mut impl Future<Output = T>>) -> T {
        poll_fn(|context| {
            self.at_work.store(true, Ordering::Relaxed);
            let polled = guest.as_mut().poll(context);
            self.at_work.store(false, Ordering::Relaxed);
            polled
        })
        .await
    }

    /// Resolves once all that the guest writes has ended, or has lost its reader.
    pub(crate) async fn written(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    pub(super) fn begin(&self) -> (Writing, Reading) {
        self.open.send_modify(|open| *open += 1);
        let ending = Arc::new(Ending {
            failure: OnceLock::new(),
            is_over: AtomicBool::new(false),
            open: self.open.clone(),
        });
        let writing = Writing {
            life: self.clone(),
            ending: ending.clone(),
        };
        (writing, Reading(ending))
    }
}

impl Ending {
    /// One of both ends is gone.
    fn over(&self) {
        if !self.is_over.swap(true, Ordering::Relaxed) {
            self.open.send_modify(|open| *open -= 1);
        }
    }
}

impl Reading {
    /// A stream that nobody has said to be complete is not.
    pub(super) fn failure(&self) -> Option<String> {
        let unknown = || Some("the guest is gone".to_owned());
        self.0.failure.get().cloned().unwrap_or_else(unknown)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.over();
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let failed = self.life.failed.lock();
        let mut failed = failed.unwrap_or_else(PoisonError::into_inner).clone();
        if !self.life.at_work.load(Ordering::Relaxed) {
            failed.get_or_insert_with(|| "its call was stopped".to_owned());
        }
        // Nobody else sets it.
        let _ = self.ending.failure.set(failed);
        self.ending.over();
    }
}
