//! Which CPUs a process may use: on one, a round trip costs two switches; on two, two wake-ups.

use rustix::thread::{CpuSet, sched_setaffinity};
use std::io::Result;

/// Binds a process, or this one for 0, to a CPU. Its future threads and children inherit that.
pub(crate) fn bind(pid: u32, cpu: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    apply(pid, &set)
}

/// Lets this process use all CPUs again.
pub(crate) fn release() -> Result<()> {
    let mut set = CpuSet::new();
    let count = 64;
    (0..count).for_each(|cpu| set.set(cpu));
    apply(0, &set)
}

fn apply(pid: u32, set: &CpuSet) -> Result<()> {
    if pid == 0 {
        return Ok(sched_setaffinity(None, set)?);
    }
    // Every thread has a mask of its own.
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let thread = thread?.file_name();
        let id = thread
            .to_string_lossy()
            .parse()
            .map_err(std::io::Error::other)?;
        sched_setaffinity(rustix::thread::Pid::from_raw(id), set)?;
    }
    Ok(())
}
