//! Contexts in real containers of LXC.

use crate::support::add_in;
use crate::support::machine::{ENOUGH, busybox};
use crate::support::service::done;
use std::process::Command;
use tempfile::TempDir;

/// A directory of containers. They are stopped with the test.
struct Lxc {
    directory: TempDir,
    names: Vec<&'static str>,
}

impl Lxc {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            names: Vec::new(),
        }
    }

    fn path(&self) -> &str {
        self.directory.path().to_str().unwrap()
    }

    fn define(&self, name: &str, programs: &[&str]) {
        let home = self.directory.path().join(name);
        let root = home.join("rootfs");
        std::fs::create_dir_all(&root).unwrap();
        busybox(&root, programs);
        let config = format!(
            "lxc.uts.name = {name}\nlxc.rootfs.path = dir:{}\nlxc.net.0.type = empty\n\
             lxc.init.cmd = /bin/sleep 1000\nlxc.autodev = 1\nlxc.mount.auto = proc:mixed sys:ro\n",
            root.display()
        );
        std::fs::write(home.join("config"), config).unwrap();
    }

    fn start(&mut self, name: &'static str) {
        let mut start = Command::new("lxc-start");
        start.args(["-P", self.path(), "-n", name, "-d"]);
        done(start);
        self.names.push(name);
    }

    #[track_caller]
    fn refuses(&self, name: &str, phase: &str, said: &str, hint: &str) {
        let run = add_in(&format!("lxc:{name}?path={}", self.path()), &[]);
        run.unreachable(&format!("lxc:{name}: {phase}"), said, hint);
    }
}

impl Drop for Lxc {
    fn drop(&mut self) {
        for name in &self.names {
            let mut stop = Command::new("lxc-stop");
            let _ = stop.args(["-P", self.path(), "-n", name, "-k"]).output();
        }
    }
}

#[test]
fn containers_of_lxc() {
    let mut lxc = Lxc::new();
    lxc.define("web", &ENOUGH);
    lxc.define("bare", &["sleep"]);
    lxc.define("stopped", &ENOUGH);
    lxc.start("web");
    lxc.start("bare");
    let path = lxc.path();
    add_in(&format!("lxc:web?path={path}"), &[])
        .status(0)
        .stdout("3\n");
    for name in ["stopped", "none"] {
        lxc.refuses(name, "resolve", "Failed to get", "lxc-ls -f");
    }
    lxc.refuses(
        "bare",
        "first stage",
        "Failed to exec \"sh\"",
        "the container has no `sh`",
    );
}
