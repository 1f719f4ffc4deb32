//! Contexts in containers of a real docker daemon, which the test starts for itself.

use crate::forest;
use crate::support::add_in;
use crate::support::machine::{ENOUGH, busybox};
use crate::support::service::{Service, done};
use host::error::{Exit, Fate};
use host::master::CallResult;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use wasmtime::component::Val;

/// A daemon with its own storage and without a network, and two images: `full` is busybox, `bare` has no shell.
struct Docker {
    address: String,
    containers: Vec<String>,
    _daemon: Service,
    _directory: TempDir,
}

impl Docker {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let (socket, log) = (at("socket"), at("log"));
        let address = format!("unix://{socket}");
        let mut daemon = Command::new("dockerd");
        daemon.args(["--data-root", &at("data"), "--exec-root", &at("exec")]);
        daemon.args(["--pidfile", &at("pid"), "--host", &address]);
        daemon.args(["--iptables=false", "--ip6tables=false", "--bridge=none"]);
        let mut daemon = Service::start(daemon, Path::new(&log));
        daemon.until(|_| UnixStream::connect(&socket).is_ok());
        let this = Self {
            address,
            containers: Vec::new(),
            _daemon: daemon,
            _directory: directory,
        };
        for (name, programs) in [("full", &ENOUGH[..]), ("bare", &["sleep"][..])] {
            let root = this._directory.path().join(name);
            busybox(&root, programs);
            let mut import = Command::new("sh");
            import.args(["-euc", r#"tar -C "$1" -c . | docker -H "$2" import - "$3""#]);
            import.args(["sh", root.to_str().unwrap(), &this.address, name]);
            done(import);
        }
        this
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut docker = Command::new("docker");
        docker.args(["--host", &self.address]).args(arguments);
        done(docker)
    }

    /// A container that does nothing.
    fn container(&mut self, name: &str, options: &[&str], image: &str) {
        let mut arguments = vec!["run", "--detach", "--network=none", "--name", name];
        arguments.extend(options);
        arguments.extend([image, "/bin/sleep", "1000"]);
        self.run(&arguments);
        self.containers.push(name.to_owned());
    }

    fn at(&self, target: &str) -> String {
        format!("docker:{target}?host={}", self.address)
    }

    #[track_caller]
    fn refuses(&self, container: &str, phase: &str, said: &str, hint: &str) {
        let name = format!("docker:{container}: {phase}");
        add_in(&self.at(container), &[]).unreachable(&name, said, hint);
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // The daemon would wait for each.
        if !self.containers.is_empty() {
            let mut docker = Command::new("docker");
            docker.args(["--host", &self.address, "rm", "--force"]);
            let _ = docker.args(&self.containers).output();
        }
    }
}

/// One test, because the daemon takes as long to start as all of it.
#[tokio::test]
async fn containers_of_docker() {
    let mut docker = Docker::new();
    reaches(&mut docker);
    refuses(&mut docker);
    finds_a_place(&mut docker);
    dies(&docker).await;
}

fn reaches(docker: &mut Docker) {
    docker.container("web", &[], "full");
    for target in ["web", "app@web", "1000:1000@web"] {
        add_in(&docker.at(target), &[]).status(0).stdout("3\n");
    }
}

fn refuses(docker: &mut Docker) {
    docker.refuses("none", "resolve", "No such container: none", "docker ps -a");
    docker.refuses(
        "nobody-here@web",
        "resolve",
        "unable to find user nobody-here",
        "no such user in the container",
    );
    docker.container("stopped", &[], "full");
    docker.run(&["kill", "stopped"]);
    docker.refuses(
        "stopped",
        "resolve",
        "is not running",
        "start the container",
    );
    docker.container("paused", &[], "full");
    docker.run(&["pause", "paused"]);
    docker.refuses("paused", "resolve", "is paused", "unpause it");
    docker.container("bare", &[], "bare");
    docker.refuses(
        "bare",
        "first stage",
        "executable file not found",
        "the container has no `sh`",
    );
    add_in("docker:web?host=unix:///nowhere/docker.sock", &[]).unreachable(
        "docker:web: resolve",
        "Cannot connect to the Docker daemon at unix:///nowhere/docker.sock",
        "`docker:web?host=ADDRESS`",
    );
}

/// The first stage needs a directory that can be written to, has room, and lets programs start.
fn finds_a_place(docker: &mut Docker) {
    docker.container("tmpfs", &["--read-only", "--tmpfs=/tmp:exec"], "full");
    add_in(&docker.at("tmpfs"), &[]).status(0).stdout("3\n");
    // The /dev/shm that docker makes is mounted noexec.
    for (name, options) in [
        ("read-only", &["--read-only"][..]),
        ("noexec", &["--read-only", "--tmpfs=/tmp:noexec"][..]),
        ("full", &["--read-only", "--tmpfs=/tmp:exec,size=1m"][..]),
    ] {
        docker.container(name, options, "full");
        docker.refuses(
            name,
            "first stage",
            "no directory that is private, has room and lets programs start, under: /root/.cache /var/tmp /tmp /dev/shm (cache)",
            "mount a tmpfs with exec at /tmp",
        );
    }
}

/// A container that is killed takes its calls along, and they say so.
async fn dies(docker: &Docker) {
    let master = forest::master();
    let misbehave = forest::guests(&master).misbehave;
    let context = docker.at("web").parse().unwrap();
    let context = master.connect(&context).await.unwrap();
    let kill = async {
        forest::until("the call is there", async || {
            context.inspect().await.unwrap().calls == 1
        })
        .await;
        docker.run(&["kill", "web"]);
    };
    let sleeping = [Val::U64(120_000)];
    let call = forest::call(&context, &misbehave, "sleep", &sleeping, 150_000);
    let (ended, ()) = tokio::join!(call, kill);
    assert!(matches!(ended, CallResult::Dead(_)), "{ended:?}");
    let fate = Fate::of(&ended, "misbehave").unwrap();
    assert_eq!(fate.exit, Exit::Unreachable, "{fate:?}");
    context.shutdown().await;
}
