//! An OpenSSH server of a test's own, on loopback: keys, configuration, log and the cache of its slaves are in a temporary
//! directory, and so is all that a client needs.

use crate::forest::SOON;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use tempfile::TempDir;

pub struct Server {
    directory: TempDir,
    address: String,
    pub port: u16,
    process: Child,
}

impl Server {
    /// One that root may log in to with its [`key`](Self::key).
    pub fn new() -> Self {
        Self::with("")
    }

    /// The same with more lines of configuration, which come first and so count. `@` is its directory.
    pub fn with(lines: &str) -> Self {
        Self::at_address(None, "127.0.0.1", lines)
    }

    /// The same at an address of a network namespace.
    pub fn in_namespace(name: &str, address: &str) -> Self {
        Self::at_address(Some(name), address, "")
    }

    fn at_address(namespace: Option<&str>, address: &str, lines: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path().to_str().unwrap();
        // The user that logs in reads which keys may, and the slave keeps its image there.
        fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["home", "cache"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        // Where sshd's unprivileged part lives; the system makes it when it starts its own sshd.
        fs::create_dir_all("/run/sshd").unwrap();
        make_key(&directory.path().join("host_key"), "");
        make_key(&directory.path().join("key"), "");
        fs::copy(format!("{at}/key.pub"), format!("{at}/authorized_keys")).unwrap();
        let rest = "AuthorizedKeysFile @/authorized_keys\n\
            HostKey @/host_key\n\
            KbdInteractiveAuthentication no\n\
            ListenAddress @address\n\
            LogLevel VERBOSE\n\
            MaxStartups 200\n\
            PasswordAuthentication no\n\
            PermitRootLogin yes\n\
            PidFile none\n\
            StrictModes no\n\
            UsePAM no\n\
            Match User root\n\
            SetEnv HOME=@/home XDG_CACHE_HOME=@/cache\n";
        let config = format!("{lines}\n{rest}").replace("@/", &format!("{at}/"));
        let config = config.replace("@address", address);
        fs::write(format!("{at}/sshd_config"), config).unwrap();
        let (port, process) = listen(namespace, directory.path());
        let this = Self {
            directory,
            address: address.to_owned(),
            port,
            process,
        };
        let host_key = fs::read_to_string(this.at("host_key.pub")).unwrap();
        this.write("known_hosts", &format!("[{address}]:{port} {host_key}"));
        this.client("config", "");
        this
    }

    /// A file of its directory.
    pub fn at(&self, name: &str) -> String {
        let path = self.directory.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, content: &str) -> String {
        let path = self.at(name);
        fs::write(&path, content.replace("@/", &self.at(""))).unwrap();
        path
    }

    /// A private key that may log in.
    pub fn key(&self) -> String {
        self.at("key")
    }

    /// Writes a configuration for clients that know the server's key and nothing else, with more lines that come first.
    pub fn client(&self, name: &str, lines: &str) -> String {
        let rest = "Host *\n\
            GlobalKnownHostsFile /dev/null\n\
            IdentityFile @/no-key\n\
            IdentitiesOnly yes\n\
            UserKnownHostsFile @/known_hosts\n";
        self.write(name, &format!("{lines}\n{rest}"))
    }

    /// The way there for root, by the key, with more options.
    pub fn root(&self, options: &str) -> String {
        let key = format!("identity={}{options}", self.key());
        self.way("root", &key)
    }

    /// The way there for a user, with options, under the configuration that knows the server.
    pub fn way(&self, user: &str, options: &str) -> String {
        let config = self.at("config");
        format!(
            "ssh:{user}@{}:{}?config={config}&{options}",
            self.address, self.port
        )
    }

    /// The lines of its log that contain a text.
    pub fn logged(&self, text: &str) -> usize {
        let log = fs::read_to_string(self.at("log")).unwrap();
        log.lines().filter(|line| line.contains(text)).count()
    }

    /// How many logins it has let in.
    pub fn logins(&self) -> usize {
        self.logged("Accepted publickey ") + self.logged("Accepted password ")
    }

    /// The processes that serve its connections.
    pub fn sessions(&self) -> Vec<u32> {
        children(self.process.id())
    }

    /// The images that its slaves keep.
    pub fn cached(&self) -> Vec<PathBuf> {
        let cache = fs::read_dir(self.at("cache/zymogen"));
        let paths = cache.into_iter().flatten().flatten();
        let paths = paths.map(|entry| entry.path());
        // Beside them it keeps compiled modules.
        paths.filter(|path| path.is_file()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Those that serve connections would go on.
        for session in self.sessions() {
            kill(session);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts it at a port that is free, or was a moment ago.
fn listen(namespace: Option<&str>, directory: &Path) -> (u16, Child) {
    let log = directory.join("log");
    for _ in 0..5 {
        let port = free_port();
        let _ = fs::remove_file(&log);
        // `ip netns exec` becomes what it runs.
        let mut command = match namespace {
            None => Command::new("/usr/sbin/sshd"),
            Some(name) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", name, "/usr/sbin/sshd"]);
                command
            }
        };
        let mut process = command
            .arg("-D")
            .args(["-f", directory.join("sshd_config").to_str().unwrap()])
            .args(["-E", log.to_str().unwrap()])
            .args(["-p", &port.to_string()])
            .stdin(Stdio::null())
            .spawn()
            .expect("this test needs sshd: install openssh-server");
        let start = Instant::now();
        while process.try_wait().unwrap().is_none() && start.elapsed() < SOON {
            let said = fs::read_to_string(&log).unwrap_or_default();
            if said.contains("Server listening on") {
                return (port, process);
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let _ = process.kill();
        let _ = process.wait();
    }
    panic!("sshd: {}", fs::read_to_string(&log).unwrap_or_default());
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A key pair, under a passphrase unless that is empty.
pub fn make_key(path: &Path, passphrase: &str) {
    succeed(
        Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f"])
            .arg(path),
    );
}

#[track_caller]
pub fn succeed(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    // It may have ended by itself.
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

/// The children of a process.
fn children(parent: u32) -> Vec<u32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let children = fs::read_to_string(path).unwrap_or_default();
    let children = children.split_ascii_whitespace();
    children.map(|pid| pid.parse().unwrap()).collect()
}
