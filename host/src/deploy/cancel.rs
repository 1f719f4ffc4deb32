//! ^C, SIGTERM and SIGHUP: stop what is under way, put everything away, then end. A second time ends at once.
//!
//! A signal that whoever started this program made it ignore stays ignored: `nohup` means what it says,
//! and ^C is not for a job in the background.

use crate::error::Exit;
use crate::output::Screen;
use std::fs;
use std::io;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

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
    pub fn on_signals(&self, screen: Arc<Screen>) -> io::Result<()> {
        let mut signals = listen()?;
        let cancel = self.clone();
        tokio::spawn(async move {
            // There is none if all signals are ignored.
            if signals.recv().await.is_none() {
                return;
            }
            cancel.cancel();
            // Whoever reads what is written here may have paused. Then this waits, and nobody for it.
            let told = screen.clone();
            tokio::task::spawn_blocking(move || told.note("stopping; again ends at once\n"));
            // There is none any more once the program ends by itself.
            if signals.recv().await.is_some() {
                screen.clear_now();
                std::process::exit(Exit::Interrupted as i32);
            }
        });
        Ok(())
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

/// One message for each signal that asks us to end.
fn listen() -> io::Result<mpsc::Receiver<()>> {
    let ignored = ignored(&fs::read_to_string("/proc/self/status").unwrap_or_default());
    let (came, signals) = mpsc::channel(2);
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        let number = kind.as_raw_value();
        if ignored >> (number - 1) & 1 == 1 {
            continue;
        }
        let (mut signal, came) = (signal(kind)?, came.clone());
        tokio::spawn(async move {
            while signal.recv().await.is_some() && came.send(()).await.is_ok() {}
        });
    }
    Ok(signals)
}

/// The signals that this process ignores as bits, signal 1 being the lowest, from its `/proc/self/status`.
/// None where it is not told: then we listen to all.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
