//! Programs that a test starts for itself, such as a daemon, and ends again.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a service may take to come and to go. They need a second or two.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running service. It ends with its test.
pub struct Service {
    child: Child,
    log: PathBuf,
    /// What ends it.
    signal: Signal,
}

impl Service {
    /// Starts it. What it says goes to a file.
    pub fn start(mut command: Command, log: &Path) -> Self {
        let file = File::create(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self {
            child,
            log: log.to_owned(),
            signal: Signal::TERM,
        }
    }

    /// It heeds no other signal than SIGKILL.
    pub fn stubborn(mut self) -> Self {
        self.signal = Signal::KILL;
        self
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The process that it has started, if that is this program by now.
    pub fn child(&self, program: &str) -> Option<u32> {
        let pid = self.pid();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let child = children.ok()?.trim().parse().ok()?;
        let line = std::fs::read(format!("/proc/{child}/cmdline")).ok()?;
        line.starts_with(program.as_bytes()).then_some(child)
    }

    /// Waits until it is of use.
    #[track_caller]
    pub fn until(&mut self, ready: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !ready(self) {
            let ended = self.child.try_wait().unwrap();
            let log = || std::fs::read_to_string(&self.log).unwrap_or_default();
            assert!(ended.is_none(), "it ended ({ended:?}):\n{}", log());
            assert!(Instant::now() < deadline, "it is not ready:\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.child);
        let deadline = Instant::now() + PATIENCE;
        let _ = kill_process(pid, self.signal);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command that must succeed, and gives what it prints.
#[track_caller]
pub fn sh(script: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("sh");
    command.args(["-euc", script, "sh"]).args(arguments);
    done(command)
}

/// The same for any command.
#[track_caller]
pub fn done(mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
