//! All that a command started: a process group that ends with it.

use crate::guard::Guard;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::sync::Arc;
use tokio::process::Child;

/// A command that a guard knows of, until this is dropped.
pub(super) struct Watch {
    guard: Arc<dyn Guard>,
    number: u32,
}

impl Watch {
    pub(super) fn new(guard: &Arc<dyn Guard>) -> io::Result<Self> {
        Ok(Self {
            number: guard.expect()?,
            guard: guard.clone(),
        })
    }

    /// What the child has to do before it becomes the program.
    pub(super) fn begin(&self) -> impl Fn() -> io::Result<()> + use<> {
        let (guard, number) = (self.guard.clone(), self.number);
        move || guard.watch(number)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.guard.forget(self.number);
    }
}

/// A process group that ends with this value, at the latest.
pub(super) struct Group {
    leader: Option<Pid>,
    watch: Option<Watch>,
}

impl Group {
    /// The group that a child leads.
    pub(super) fn of(child: &Child, watch: Option<Watch>) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(Pid::from_raw),
            watch,
        }
    }

    /// Kills what is left of it, once: later the number may be that of another group.
    pub(super) fn end(&mut self) {
        if let Some(leader) = self.leader.take() {
            // Nobody may be left in it, which is what we want.
            let _ = kill_process_group(leader, Signal::KILL);
        }
        self.watch = None;
    }

    #[cfg(test)]
    pub(super) fn is_armed(&self) -> bool {
        self.leader.is_some()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}
