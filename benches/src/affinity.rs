//! Which CPUs a process may use: on one, a round trip costs two switches; on two, two wake-ups.

use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};
use std::io::{Error, Result};

/// The CPUs that this process may use.
pub(crate) struct Cpus {
    all: CpuSet,
    /// Two of them.
    pub(crate) two: [usize; 2],
}

impl Cpus {
    /// Looks at the mask that this process was started with.
    pub(crate) fn find() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let mut given = (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu));
        match (given.next(), given.next()) {
            (Some(first), Some(second)) => Ok(Self {
                all,
                two: [first, second],
            }),
            _ => Err(Error::other("the comparison needs two CPUs")),
        }
    }

    /// Lets this process use all of them again.
    pub(crate) fn release(&self) -> Result<()> {
        Ok(sched_setaffinity(None, &self.all)?)
    }
}

/// Binds all threads of a process to a CPU. Its future threads and children inherit that.
pub(crate) fn bind(pid: u32, cpu: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    // Every thread has a mask of its own.
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let thread = thread?.file_name();
        let id = thread.to_string_lossy().parse().map_err(Error::other)?;
        sched_setaffinity(Pid::from_raw(id), &set)?;
    }
    Ok(())
}

/// Binds this process.
pub(crate) fn bind_this(cpu: usize) -> Result<()> {
    bind(std::process::id(), cpu)
}
