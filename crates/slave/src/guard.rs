//! No command and no child outlives its slave, however that ends.
//!
//! The system tells only the first process of a command that its slave is gone, and of a child only one that is the
//! slave's own, without ssh or sudo in between. So a second process, this same program with one argument, waits at a
//! pipe whose only write ends are the slave's, knows all process groups, and kills them when the pipe ends. It is
//! started with the first command or child.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::pipe::PipeFlags;
use rustix::process::{Pid, Signal};

/// What makes this program the guard of a slave.
pub(crate) const ARGUMENT: &str = "--guard";

/// The number of a command or child and its process group, or 0 if it is over. So short that a pipe takes it whole.
type Record = [u8; 8];

/// The slave's side.
pub(crate) struct Guard {
    pipe: Arc<Pipe>,
    process: Mutex<Option<Child>>,
    next: AtomicU32,
}

/// The way to the guard.
struct Pipe {
    /// Kept here, too: what is said while no guard runs is there for the next one, and is no broken pipe.
    read: OwnedFd,
    write: OwnedFd,
}

impl Guard {
    pub(crate) fn new() -> io::Result<Self> {
        let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        Ok(Self {
            pipe: Arc::new(Pipe { read, write }),
            process: Mutex::new(None),
            next: AtomicU32::new(0),
        })
    }

    fn start(&self) -> io::Result<Child> {
        // The image may have no name any more; this link leads to it nevertheless.
        Command::new("/proc/self/exe")
            .arg0(format!("zymogen-slave: guard of {}", std::process::id()))
            .arg(ARGUMENT)
            .env_clear()
            // It must hold no file system, and no stream that somebody waits for.
            .current_dir("/")
            .stdin(self.pipe.read.try_clone()?)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }
}

impl Pipe {
    fn tell(&self, number: u32, group: i32) -> io::Result<()> {
        let mut record: Record = [0; 8];
        record[..4].copy_from_slice(&number.to_ne_bytes());
        record[4..].copy_from_slice(&group.to_ne_bytes());
        rustix::io::retry_on_intr(|| rustix::io::write(&self.write, &record))?;
        Ok(())
    }

    fn forget(&self, number: u32) {
        // It fails only if this process is not allowed to write into its own pipe.
        let _ = self.tell(number, 0);
    }
}

impl runtime::Guard for Guard {
    fn expect(&self) -> io::Result<u32> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = match process.as_mut() {
            Some(process) => process.try_wait()?.is_none(),
            None => false,
        };
        if !runs {
            let started = self.start();
            *process = Some(started.map_err(|error| {
                io::Error::other(format!("its guard cannot be started: {error}"))
            })?);
        }
        Ok(self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn watch(&self, number: u32) -> io::Result<()> {
        self.pipe
            .tell(number, rustix::process::getpid().as_raw_pid())
    }

    fn forget(&self, number: u32) {
        self.pipe.forget(number);
    }
}

/// Children are registered from outside: who starts them does so without code of its own in the new process.
impl connect::Guard for Guard {
    fn watch(&self, group: u32) -> io::Result<Box<dyn Send>> {
        let group = i32::try_from(group).map_err(io::Error::other)?;
        let number = runtime::Guard::expect(self)?;
        let pipe = self.pipe.clone();
        pipe.tell(number, group)?;
        Ok(Box::new(Registration { pipe, number }))
    }
}

/// A process group that ends with this process, as long as this is there.
struct Registration {
    pipe: Arc<Pipe>,
    number: u32,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.pipe.forget(self.number);
    }
}

/// The guard's side: returns when the slave is gone and all groups are killed.
pub(crate) fn stand() {
    // A session of its own: what is sent to that of the slave must not end its guard.
    let _ = rustix::process::setsid();
    // Somebody may have stopped it: with the slave's end it goes on. That a mere thread of the slave ends does no harm.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::CONT));
    let mut groups = BTreeMap::new();
    let mut input = io::stdin().lock();
    let mut record: Record = [0; 8];
    while input.read_exact(&mut record).is_ok() {
        let [n0, n1, n2, n3, g0, g1, g2, g3] = record;
        let number = u32::from_ne_bytes([n0, n1, n2, n3]);
        match Pid::from_raw(i32::from_ne_bytes([g0, g1, g2, g3])) {
            Some(group) => groups.insert(number, group),
            None => groups.remove(&number),
        };
    }
    for group in groups.into_values() {
        // It may have ended by itself.
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}
