//! An OpenSSH server on loopback, for root's own key, with its files in a temporary directory.

use std::error::Error;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) struct Sshd {
    directory: TempDir,
    pub(crate) port: u16,
    process: Child,
}

impl Sshd {
    /// None: there is no sshd here, or this is not root, as whom it would log in.
    pub(crate) fn start() -> Result<Option<Self>, Box<dyn Error>> {
        let program = Path::new("/usr/sbin/sshd");
        if !program.exists() || !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let directory = tempfile::tempdir()?;
        let at = directory.path().display().to_string();
        fs::create_dir(directory.path().join("cache"))?;
        fs::create_dir_all("/run/sshd")?;
        for name in ["host_key", "key"] {
            let path = format!("{at}/{name}");
            let arguments = ["-q", "-t", "ed25519", "-N", "", "-f", &path];
            if !Command::new("ssh-keygen")
                .args(arguments)
                .status()?
                .success()
            {
                return Err("ssh-keygen failed".into());
            }
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = format!(
            "AuthorizedKeysFile {at}/key.pub\nHostKey {at}/host_key\nListenAddress 127.0.0.1\n\
             PermitRootLogin yes\nPidFile none\nSetEnv XDG_CACHE_HOME={at}/cache\nStrictModes no\nUsePAM no\n"
        );
        fs::write(directory.path().join("sshd_config"), config)?;
        let host_key = fs::read_to_string(directory.path().join("host_key.pub"))?;
        let known = format!("[127.0.0.1]:{port} {host_key}");
        fs::write(directory.path().join("known_hosts"), known)?;
        let config = format!("UserKnownHostsFile {at}/known_hosts\n");
        fs::write(directory.path().join("config"), config)?;
        let process = Command::new(program)
            .args(["-D", "-q", "-f", &format!("{at}/sshd_config")])
            .args(["-p", &port.to_string()])
            .stdin(Stdio::null())
            .spawn()?;
        let this = Self {
            directory,
            port,
            process,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > Duration::from_secs(10) {
                return Err("sshd does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Some(this))
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
