//! Users of this machine that a test makes, and takes away when it ends.

use super::server::succeed;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// What the names of such users begin with. The id of the process that made them follows.
const PREFIX: &str = "zymogen-test-";

pub struct User {
    pub name: String,
    pub home: TempDir,
}

impl User {
    /// With a login shell, and a password if there is one.
    pub fn new(shell: &str, password: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        assert!(
            rustix::process::geteuid().is_root(),
            "this test makes users: run it as root"
        );
        remove_orphans();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", std::process::id());
        let home = tempfile::tempdir().unwrap();
        // No password is `!`, a locked account; this one is open to keys only.
        let hash = match password {
            "" => "*".to_owned(),
            password => succeed(Command::new("openssl").args(["passwd", "-6", password])),
        };
        // It waits for whoever else is changing the list of users.
        succeed(
            Command::new("useradd")
                .args(["-M", "-U", "-K", "MAIL_DIR=/nonexistent", "-s", shell])
                .arg("-d")
                .arg(home.path())
                .args(["-p", hash.trim(), &name]),
        );
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let this = Self { name, home };
        this.own();
        this
    }

    /// A file of the user's, in the home.
    pub fn file(&self, name: &str, content: &str, mode: u32) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        self.own();
        path.to_str().unwrap().to_owned()
    }

    /// Gives the user what is in the home.
    pub fn own(&self) {
        let mut chown = Command::new("chown");
        chown.args(["-R", &format!("{0}:{0}", self.name)]);
        succeed(chown.arg(self.home.path()));
    }
}

impl Drop for User {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// Takes away the users of tests that were killed.
fn remove_orphans() {
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    for name in users.lines().filter_map(|line| line.split(':').next()) {
        let process = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next());
        if process.is_some_and(|pid| !std::path::Path::new("/proc").join(pid).exists()) {
            remove(name);
        }
    }
}

fn remove(name: &str) {
    // Somebody else may just have done it.
    let _ = Command::new("userdel").args(["-f", name]).output();
}
