//! Machines that this one is not: the program runs in a mount namespace in which something is hidden or looks different.
//!
//! What the first stage asks, the kernel's file and `uname`, says aarch64; the shell and its tools stay those of this
//! machine. The slave for aarch64 that is then sent is started by the kernel through qemu: `tests/run` sees to that.

use crate::support::target;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A namespace, as the commands that make it.
pub struct Machine {
    directory: TempDir,
    script: String,
}

impl Machine {
    /// This machine.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("bin")).unwrap();
        Self {
            directory,
            script: "set -e".to_owned(),
        }
    }

    /// The kernel says what it is, or does not, as those before Linux 6.1.
    pub fn kernel(mut self, machine: Option<&str>) -> Self {
        let file = self.directory.path().join("arch");
        std::fs::write(&file, machine.unwrap_or_default()).unwrap();
        let file = file.display();
        // Writing to a String does not fail.
        let _ = write!(self.script, "; mount --bind {file} /proc/sys/kernel/arch");
        self
    }

    /// Address space is short: the slaves make no pool of instances. To reserve that takes a qemu before version 8 minutes.
    pub fn narrow(mut self) -> Self {
        self.script.push_str("; ulimit -v 67108864");
        self
    }

    /// What `uname` does.
    pub fn uname(self, script: &str) -> Self {
        let path = self.directory.path().join("bin/uname");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        self
    }

    /// A directory is empty, if what is empty already has not hidden it.
    pub fn without(mut self, directory: &Path) -> Self {
        let directory = directory.display();
        let _ = write!(
            self.script,
            "; if [ -d '{directory}' ]; then mount -t tmpfs none '{directory}'; fi"
        );
        self
    }

    /// The same command there.
    pub fn run(&self, command: &Command) -> Command {
        let mut there = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            there.args(["--user", "--map-root-user"]);
        }
        there
            .args(["--mount", "sh", "-c"])
            .arg(format!("{}; exec \"$@\"", self.script))
            .arg("sh")
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => there.env(name, value),
                None => there.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            there.current_dir(directory);
        }
        // The command's own PATH, else that of the tests.
        let mut envs = command.get_envs();
        let path = envs.find_map(|(name, value)| value.filter(|_| name == "PATH"));
        let path = path.map_or_else(|| std::env::var_os("PATH").unwrap(), Into::into);
        let mut first = self.directory.path().join("bin").into_os_string();
        first.push(":");
        first.push(path);
        there.env("PATH", first);
        there.stdin(std::process::Stdio::null());
        there
    }

    /// Something of this machine only.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// A machine of kind aarch64. Makes sure that its slave is built: cargo would take longer than a connection may.
pub fn aarch64() -> Machine {
    let images = host::build::Images::new(
        host::build::Sources::from_env().unwrap(),
        std::sync::Arc::new(host::build::Silent),
    );
    if let Err(error) = images.for_machine("aarch64") {
        panic!("{error}\n{}", error.hint().unwrap_or_default());
    }
    assert!(target().is_dir());
    Machine::new()
        .narrow()
        .kernel(Some("aarch64\n"))
        .uname("echo Linux aarch64")
}
