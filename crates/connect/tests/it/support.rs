//! A target that is a directory: its own home and temporary directories, the shell under test.

use async_trait::async_trait;
use bytes::Bytes;
use connect::{
    Bandwidth, Boot, ConnectError, Format, ImageError, ImageId, ImageSource, Launch, Options,
    Packed, Parts, Started, Stdio, start,
};
use proto::message::{CompatibilityId, Hello, Welcome};
use proto::{Body, ContextId, Flags, Frame, Handle, Header};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// The shells that the first stage must work under. `tests/run` installs those that are missing.
pub const SHELLS: [&str; 4] = ["sh", "dash", "bash", "busybox"];

pub struct Target {
    dir: TempDir,
    shell: Vec<String>,
    path: String,
    environment: Vec<(String, String)>,
    before: Vec<String>,
}

impl Target {
    pub fn new(shell: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for name in ["home", "var-tmp", "tmp", "shm", "bin"] {
            std::fs::create_dir(dir.path().join(name)).expect("a directory");
        }
        let (shell, path) = if shell == "busybox" {
            // Nothing but busybox, as on a small container.
            let bin = dir.path().join("bin");
            let installed = Command::new("busybox")
                .args(["--install", "-s"])
                .arg(&bin)
                .status();
            assert!(
                installed.is_ok_and(|status| status.success()),
                "this test needs busybox: install busybox-static"
            );
            let shell = vec![bin.join("sh").display().to_string()];
            (shell, bin.display().to_string())
        } else {
            let found = Command::new(shell).args(["-c", ":"]).status();
            assert!(
                found.is_ok(),
                "this test needs the shell `{shell}`: install it"
            );
            let path = "/usr/sbin:/usr/bin:/sbin:/bin".to_owned();
            (vec![shell.to_owned()], path)
        };
        let home = dir.path().join("home").display().to_string();
        Self {
            environment: vec![("HOME".to_owned(), home)],
            dir,
            shell,
            path,
            before: Vec::new(),
        }
    }

    /// A target that has these programs and no others.
    pub fn with_programs(shell: &str, programs: &[&str]) -> Self {
        let mut this = Self::new(shell);
        for program in programs {
            let usual = ["/usr/bin", "/bin"].map(|dir| Path::new(dir).join(program));
            let found = usual.iter().find(|path| path.exists());
            let found = found.unwrap_or_else(|| panic!("this test needs `{program}`"));
            std::os::unix::fs::symlink(found, this.at("bin").join(program)).expect("a link");
        }
        this.path = this.at("bin").display().to_string();
        this
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without_home(mut self) -> Self {
        self.environment.retain(|(known, _)| known != "HOME");
        self
    }

    /// Runs the first stage behind `sh -c SCRIPT`, which ends in `exec "$@"`.
    pub fn behind(mut self, script: &str) -> Self {
        let script = format!("{script}; exec \"$@\"");
        self.before = ["sh", "-c", &script, "sh"].map(str::to_owned).to_vec();
        self
    }

    /// Runs the first stage as `"$@"` of a script for bash, whose streams are those of the connection.
    pub fn within(mut self, script: &str) -> Self {
        self.before = ["/bin/bash", "-c", script, "bash"]
            .map(str::to_owned)
            .to_vec();
        self
    }

    /// In a mount namespace of its own, after `script`.
    pub fn mounting(self, script: &str) -> Self {
        let allowed = Command::new("unshare").args(["-m", "true"]).status();
        assert!(
            allowed.is_ok_and(|status| status.success()),
            "this test mounts file systems: run it as root"
        );
        let mut this = self.behind(&format!("{script} || exit 9"));
        this.before
            .splice(0..0, ["unshare", "-m"].map(str::to_owned));
        this
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Where images are if nothing stands in the way.
    pub fn cache(&self) -> PathBuf {
        self.at("home/.cache/zymogen")
    }

    pub fn launch(&self, boot: &Boot) -> Launch {
        let stage = boot.argv();
        let mut argv = vec![
            "env".to_owned(),
            "-i".to_owned(),
            format!("PATH={}", self.path),
        ];
        let pairs = self.environment.iter();
        argv.extend(pairs.map(|(name, value)| format!("{name}={value}")));
        argv.extend(self.before.iter().cloned());
        argv.extend(self.shell.iter().cloned());
        argv.push("-c".to_owned());
        argv.push(self.moved(&stage[2]));
        argv.extend_from_slice(&stage[3..]);
        Launch {
            hop: "test".to_owned(),
            argv,
            stdio: Stdio::Pipe,
            dialogue: None,
            bandwidth: Bandwidth::Cheap,
        }
    }

    /// The same script with the machine's common directories moved into this target.
    fn moved(&self, script: &str) -> String {
        let root = self.dir.path().display();
        script
            .replace("/var/tmp", "@V")
            .replace("/dev/shm", "@S")
            .replace("/tmp", "@T")
            .replace("@V", &format!("{root}/var-tmp"))
            .replace("@S", &format!("{root}/shm"))
            .replace("@T", &format!("{root}/tmp"))
    }

    pub async fn start(&self, stock: &Stock) -> Result<Started, ConnectError> {
        self.start_with(stock, &stock.boot()).await
    }

    pub async fn start_with(&self, stock: &Stock, boot: &Boot) -> Result<Started, ConnectError> {
        let options = Options {
            deadline: Duration::from_secs(20),
            ..Options::default()
        };
        start(&self.launch(boot), stock, &options).await
    }

    /// Runs the first stage by hand: what it says when it hears `input` and then nothing more.
    pub fn talk(&self, boot: &Boot, input: &[u8]) -> String {
        let launch = self.launch(boot);
        let mut child = Command::new(&launch.argv[0])
            .args(&launch.argv[1..])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("the first stage");
        // A stage that has already given up does not read.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        let output = child.wait_with_output().expect("its output");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Every file that is not a directory, and every directory of a `--no-cache` start.
    pub fn left(&self) -> Vec<String> {
        let mut found = Vec::new();
        for name in ["home", "var-tmp", "tmp", "shm"] {
            walk(&self.at(name), &mut found);
        }
        found
    }
}

fn walk(dir: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        let name = entry.file_name().display().to_string();
        if entry.file_type().expect("a type").is_dir() {
            if name.starts_with("zymogen-") {
                found.push(name);
            }
            walk(&entry.path(), found);
        } else if name != "received" {
            found.push(name);
        }
    }
}

/// One image for this machine.
pub struct Stock {
    pub image: Vec<u8>,
    pub asked: AtomicUsize,
    pub format: Option<Format>,
    pub damage: Option<fn(&mut Vec<u8>)>,
}

impl Stock {
    /// The stand-in: says HELLO, then keeps what it reads in `$HOME/received`.
    pub fn new() -> Self {
        Self::of(&stand_in(""))
    }

    pub fn of(image: &str) -> Self {
        Self {
            image: image.as_bytes().to_vec(),
            asked: AtomicUsize::new(0),
            format: None,
            damage: None,
        }
    }

    pub fn sha256(&self) -> String {
        let mut text = String::new();
        for byte in Sha256::digest(&self.image) {
            write!(text, "{byte:02x}").expect("a string");
        }
        text
    }

    pub fn file_name(&self) -> String {
        format!("zymogen-slave-{}", self.sha256())
    }

    pub fn boot(&self) -> Boot {
        let id = ImageId {
            machine: machine(),
            sha256: self.sha256(),
            size: self.image.len() as u64,
            content: None,
        };
        Boot::new("tester@master:1", vec![id])
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Puts the image where a warm start finds it.
    pub fn install(&self, dir: &Path) -> PathBuf {
        std::fs::create_dir_all(dir).expect("a directory");
        set_mode(dir, 0o700);
        let path = dir.join(self.file_name());
        std::fs::write(&path, &self.image).expect("the image");
        set_mode(&path, 0o700);
        path
    }
}

#[async_trait]
impl ImageSource for Stock {
    async fn image(&self, asked: &str, formats: &[Format]) -> Result<Packed, ImageError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if asked != machine() {
            return Err(format!("there is no image for {asked}").into());
        }
        let format = self.format.unwrap_or(formats[0]);
        let mut bytes = match format {
            Format::Raw => self.image.clone(),
            Format::Zstd => zstd::bulk::compress(&self.image, 3)?,
            Format::Gzip => {
                let fast = flate2::Compression::fast();
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), fast);
                encoder.write_all(&self.image)?;
                encoder.finish()?
            }
        };
        if let Some(damage) = self.damage {
            damage(&mut bytes);
        }
        Ok(Packed {
            format,
            bytes: Bytes::from(bytes),
            sha256: self.sha256(),
        })
    }
}

/// A slave in a few lines of shell. `before` runs before it says anything.
pub fn stand_in(before: &str) -> String {
    let mut octal = String::new();
    for byte in hello_frame() {
        write!(octal, "\\{byte:03o}").expect("a string");
    }
    format!(
        "#!/bin/sh\n\
         case $1 in --unlink) rm -f \"$0\"; rmdir \"${{0%/*}}\"; shift ;; esac\n\
         {before}\n\
         printf 'ZYMOGEN ready\\n'\n\
         printf '{octal}'\n\
         echo \"serving $1\" >&2\n\
         exec cat > \"${{HOME:-.}}/received\"\n"
    )
}

pub fn hello() -> Hello {
    Hello {
        version: "0.1.0".to_owned(),
        target: "x86_64-unknown-linux-musl".to_owned(),
        compatibility: CompatibilityId("00".repeat(16)),
        pid: 7,
        hostname: "stand-in".to_owned(),
    }
}

/// What a slave says before anything else.
pub fn hello_frame() -> Vec<u8> {
    let body = Body::new(&hello()).expect("CBOR");
    let frame = Frame {
        header: Header {
            flags: Flags::NONE,
            dst: ContextId::MASTER,
            src: ContextId::UNASSIGNED,
            auth: ContextId::UNASSIGNED,
            handle: Handle::HELLO,
            reply_to: Handle::NONE,
        },
        body: body.bytes().clone(),
    };
    [&frame.encode_header()[..], &frame.body].concat()
}

pub fn a_welcome() -> Welcome {
    Welcome {
        context: ContextId(5),
        parents: vec![ContextId(2), ContextId::MASTER],
        max_body: 1 << 20,
        heartbeat_ms: 30_000,
        compress_from: None,
        cache: true,
        siblings: false,
    }
}

/// Welcomes a slave.
pub async fn welcomed(mut started: Started) -> Parts {
    assert_eq!(started.hello, hello());
    started.welcome(&a_welcome()).await.expect("welcome");
    started.into_parts()
}

/// Ends a slave in order: closes its streams and waits.
pub async fn end(parts: Parts) -> connect::Exit {
    drop((parts.reader, parts.writer));
    parts.process.end(Duration::from_secs(5)).await
}

/// Welcomes and ends a slave, which is all that most tests want of it.
pub async fn finish(started: Started) {
    let parts = welcomed(started).await;
    assert_eq!(end(parts).await, connect::Exit::Code(0));
}

pub fn machine() -> String {
    let output = Command::new("uname").arg("-m").output().expect("uname");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub fn set_mode(path: &Path, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, permissions).expect("a mode");
}

pub fn mode(path: &Path) -> u32 {
    path.metadata().expect("metadata").permissions().mode() & 0o7777
}
