//! A machine of a test's own: users, passwords, and what they may. It is a mount namespace in which /etc is a copy of the
//! real one, so that nothing of it is left, and tests do not meet.

use super::service::sh;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// `$1` is a directory for it.
const BEGIN: &str = r#"
    mkdir "$1/home"
    chmod 755 "$1"
    # Somebody may be adding users to the real one just now: the temporary files of that come and go.
    cp -a /etc "$1/etc" || :
    rm -f "$1"/etc/*.lock "$1"/etc/.pwd.lock
    mount --bind "$1/etc" /etc
    # What sudo remembers belongs to the machine, too.
    mkdir -p /run/sudo
    mount -t tmpfs tmpfs /run/sudo
    rm -rf /etc/sudoers.d/* /etc/doas.conf
    user() {
        useradd -m -b "$home" -s /bin/sh "$1"
        # The default of some systems is unknown to busybox.
        echo "$1:$2" | chpasswd -c SHA512
    }
    home=$1/home
"#;

/// The namespace lives as long as this process.
const END: &str = "echo ready; exec cat";

/// The namespace. It ends with its test.
pub struct Machine {
    holder: Child,
    _directory: TempDir,
}

impl Machine {
    /// Makes one. `setup` is a script that may use `user NAME PASSWORD` and write below /etc.
    #[track_caller]
    pub fn new(setup: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // A file, because there are passwords in it.
        let script = directory.path().join("setup");
        std::fs::write(&script, format!("{BEGIN}\n{setup}\n{END}")).unwrap();
        let mut holder = Command::new("unshare")
            .args(["--mount", "--propagation", "private"])
            .args(["sh", "-eu"])
            .args([&script, directory.path()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        let ready = lines.map_while(Result::ok).any(|line| line == "ready");
        assert!(ready, "the machine could not be made; is this root?");
        Self {
            holder,
            _directory: directory,
        }
    }

    /// The hops to a context in it.
    pub fn at(&self, hops: &str) -> String {
        format!("nsenter:{},{hops}", self.holder.id())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// Makes the root directory of a system that has nothing but busybox, and that under these names.
pub fn busybox(directory: &std::path::Path, names: &[&str]) {
    let root = directory.to_str().unwrap();
    let mut arguments = vec![root];
    arguments.extend(names);
    sh(
        r#"
        root=$1; shift
        mkdir -p "$root/bin" "$root/etc" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/root" "$root/var/tmp"
        chmod 755 "$root"
        chmod 1777 "$root/tmp" "$root/var/tmp"
        mknod -m 666 "$root/dev/null" c 1 3
        cp "$(command -v busybox)" "$root/bin/busybox"
        for name in "$@"; do ln -s busybox "$root/bin/$name"; done
        printf 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home:/bin/sh\n' > "$root/etc/passwd"
        printf 'root:x:0:\napp:x:1000:\n' > "$root/etc/group"
        "#,
        &arguments,
    );
}

/// What the first stage may want of a system, and a program to run.
pub const ENOUGH: [&str; 16] = [
    "sh",
    "cat",
    "chmod",
    "df",
    "find",
    "head",
    "id",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "rmdir",
    "sha256sum",
    "sleep",
    "tail",
];
