//! A started process from birth to burial. It never outlives its [`Process`], and never stays a zombie.

use rustix::process::{Pid, Signal, kill_process_group};
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::Child;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

/// What a process that is dropped, not ended, gets.
const GRACE: Duration = Duration::from_secs(1);

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// By itself, with this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// The system did not say.
    Unknown,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Unknown => f.write_str("unknown exit status"),
        }
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Unknown,
        }
    }
}

/// A started process and its process group. To be kept as long as the link that leads through it:
/// dropping it ends the process, in the background.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    end: oneshot::Sender<Duration>,
    exit: watch::Receiver<Option<Exit>>,
}

impl Process {
    /// Takes charge of a child that leads its process group. `None` if it has already been waited for.
    pub(crate) fn new(child: Child) -> Option<Self> {
        let pid = child.id()?;
        let (end, ending) = oneshot::channel();
        let (sender, exit) = watch::channel(None);
        tokio::spawn(async move {
            let status = live_and_die(child, pid, ending).await;
            sender.send_replace(Some(status));
        });
        Some(Self { pid, end, exit })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until it ends by itself.
    pub async fn exited(&mut self) -> Exit {
        match self.exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.unwrap_or(Exit::Unknown),
            Err(_) => Exit::Unknown,
        }
    }

    /// Ends it: waits for `grace` until it ends by itself, as it does when its streams are closed; then sends
    /// SIGTERM to its process group; after another `grace` SIGKILL.
    pub async fn end(self, grace: Duration) -> Exit {
        let Self { end, mut exit, .. } = self;
        // Nobody listens any more if the process has ended: then its status is there.
        let _ = end.send(grace);
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.unwrap_or(Exit::Unknown),
            Err(_) => Exit::Unknown,
        }
    }
}

async fn live_and_die(mut child: Child, pid: u32, ending: oneshot::Receiver<Duration>) -> Exit {
    let grace = tokio::select! {
        status = child.wait() => return status.map_or(Exit::Unknown, Exit::from),
        // Dropped without a word.
        grace = ending => grace.unwrap_or(GRACE),
    };
    for signal in [Signal::TERM, Signal::KILL] {
        if let Ok(status) = timeout(grace, child.wait()).await {
            return status.map_or(Exit::Unknown, Exit::from);
        }
        // Not yet waited for, so the number is still that of this group. An error means it is ending.
        if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, signal);
        }
    }
    child.wait().await.map_or(Exit::Unknown, Exit::from)
}
