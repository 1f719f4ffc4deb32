//! A started process from birth to burial. Unless it is released it never outlives its [`Process`], and it never
//! stays a zombie.

use crate::Guard;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
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
/// dropping it ends the process, in the background. Each has a task of its own, so many can end at the same time.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    end: oneshot::Sender<Order>,
    exit: watch::Receiver<Option<Exit>>,
}

/// What its owner wants.
#[derive(Debug)]
enum Order {
    /// It shall end, within this time and again this time after SIGTERM.
    End(Duration),
    /// It may live on.
    Release,
}

impl Process {
    /// Takes charge of a child that leads its process group, and of a descriptor that is to be open as long as it lives.
    pub(crate) fn new(
        child: Child,
        guard: Option<&dyn Guard>,
        held: Option<OwnedFd>,
    ) -> io::Result<Self> {
        let no_id = || io::Error::other("it has ended before it could be watched");
        let pid = child.id().ok_or_else(no_id)?;
        let mut leash = Leash {
            child,
            watched: None,
            released: false,
            _held: held,
        };
        leash.watched = guard.map(|guard| guard.watch(pid)).transpose()?;
        let (end, ending) = oneshot::channel();
        let (sender, exit) = watch::channel(None);
        tokio::spawn(async move {
            let status = live_and_die(leash, ending).await;
            sender.send_replace(Some(status));
        });
        Ok(Self { pid, end, exit })
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

    /// Lets it live on, also beyond this program. It is still waited for, as long as the runtime is there, so that
    /// it leaves no zombie.
    pub fn release(self) {
        // Nobody listens any more if the process has ended.
        let _ = self.end.send(Order::Release);
    }

    /// Ends it: waits for `grace` until it ends by itself, as it does when its streams are closed; then sends
    /// SIGTERM to its process group; after another `grace` SIGKILL. A process that we may not end is left behind after a third.
    pub async fn end(self, grace: Duration) -> Exit {
        let Self { end, mut exit, .. } = self;
        // Nobody listens any more if the process has ended: then its status is there.
        let _ = end.send(Order::End(grace));
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.unwrap_or(Exit::Unknown),
            Err(_) => Exit::Unknown,
        }
    }
}

async fn live_and_die(mut leash: Leash, ending: oneshot::Receiver<Order>) -> Exit {
    let grace = tokio::select! {
        exit = leash.wait() => return exit,
        order = ending => match order {
            Ok(Order::End(grace)) => grace,
            Ok(Order::Release) => {
                leash.release();
                return leash.wait().await;
            }
            // Dropped without a word.
            Err(_) => GRACE,
        },
    };
    for signal in [Signal::TERM, Signal::KILL] {
        if let Ok(exit) = timeout(grace, leash.wait()).await {
            return exit;
        }
        leash.send(signal);
    }
    if let Ok(exit) = timeout(grace, leash.wait()).await {
        return exit;
    }
    // It takes no signals from us: sudo and su run as root. The end of its streams ends it some time, and nobody waits so long.
    tokio::spawn(async move { leash.wait().await });
    Exit::Unknown
}

/// A child whose group is killed if this is dropped before its end: with the runtime, for example.
struct Leash {
    child: Child,
    watched: Option<Box<dyn Send>>,
    released: bool,
    _held: Option<OwnedFd>,
}

impl Leash {
    /// Resolves when it has ended. May be dropped and called again.
    async fn wait(&mut self) -> Exit {
        let status = self.child.wait().await;
        // From now on the number may be that of another group.
        self.watched = None;
        status.map_or(Exit::Unknown, Exit::from)
    }

    fn release(&mut self) {
        self.released = true;
        self.watched = None;
    }

    /// Sends a signal to the group, unless its leader has been waited for: only until then the number is its own.
    fn send(&self, signal: Signal) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = pid.and_then(Pid::from_raw) {
            // An error means that it is ending.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if !self.released {
            self.send(Signal::KILL);
        }
    }
}
