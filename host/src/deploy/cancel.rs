//! ^C, SIGTERM and SIGHUP: stop what is under way, put everything away, then end. A second time ends at once.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Tells everybody that it is time to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cancel {
    told: watch::Sender<bool>,
}

impl Cancel {
    /// Nobody has said stop yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            told: watch::Sender::new(false),
        }
    }

    /// Says stop.
    pub fn cancel(&self) {
        self.told.send_replace(true);
    }

    /// Has anybody said stop?
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.told.borrow()
    }

    /// Waits until somebody says stop.
    pub async fn cancelled(&self) {
        // We hold a sender, so that the channel cannot close.
        let _ = self.told.subscribe().wait_for(|told| *told).await;
    }

    /// Makes the signals that ask a program to end say stop. Ends the process at the second one.
    ///
    /// # Errors
    /// The operating system does not let us listen to signals.
    pub fn on_signals(&self) -> io::Result<()> {
        let mut signals = Signals::new()?;
        let cancel = self.clone();
        tokio::spawn(async move {
            signals.next().await;
            cancel.cancel();
            signals.next().await;
            std::process::exit(crate::error::Exit::Interrupted as i32);
        });
        Ok(())
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
