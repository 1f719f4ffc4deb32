//! Contexts in containers of a real podman, with storage of the test's own.

use crate::support::machine::{ENOUGH, busybox};
use crate::support::service::{Service, done};
use crate::support::{Run, example, finished, zymogen};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Podman as root, with an image `full` that is busybox and an image `bare` that has no shell.
struct Podman {
    directory: TempDir,
}

impl Podman {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let this = Self { directory };
        let at = |name: &str| this.path(name).to_str().unwrap().to_owned();
        let storage = format!(
            "[storage]\ndriver = \"vfs\"\ngraphroot = \"{}\"\nrunroot = \"{}\"\n",
            at("graph"),
            at("run")
        );
        std::fs::write(this.path("storage.conf"), storage).unwrap();
        // What the tests may run in need not have systemd, nor let root raise limits.
        let containers = format!(
            "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n\
             [engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"none\"\ntmp_dir = \"{}\"\n",
            at("tmp")
        );
        std::fs::write(this.path("containers.conf"), containers).unwrap();
        for (name, programs) in [("full", &ENOUGH[..]), ("bare", &["sleep"][..])] {
            let (root, archive) = (this.path(name), at(&format!("{name}.tar")));
            busybox(&root, programs);
            let mut tar = Command::new("tar");
            tar.arg("-C").arg(&root).args(["-cf", &archive, "."]);
            done(tar);
            this.run(&["import", &archive, name]);
        }
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn configured(&self, mut command: Command) -> Command {
        command
            .env("CONTAINERS_STORAGE_CONF", self.path("storage.conf"))
            .env("CONTAINERS_CONF", self.path("containers.conf"));
        command
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut podman = self.configured(Command::new("podman"));
        podman.args(arguments);
        done(podman)
    }

    fn container(&self, name: &str, image: &str) {
        let container = ["run", "--detach", "--network=none", "--name", name];
        self.run(&[&container[..], &[image, "/bin/sleep", "1000"]].concat());
    }

    fn add_in(&self, context: &str) -> Run {
        let mut command = self.configured(zymogen());
        command.args(["call", context, &example("calculator"), "add(1, 2)"]);
        finished(&command.output().unwrap())
    }

    #[track_caller]
    fn refuses(&self, container: &str, phase: &str, said: &str, hint: &str) {
        let run = self.add_in(&format!("podman:{container}"));
        run.unreachable(&format!("podman:{container}: {phase}"), said, hint);
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let mut podman = self.configured(Command::new("podman"));
        let _ = podman.args(["rm", "--all", "--force", "--time=0"]).output();
    }
}

#[test]
fn containers_of_podman() {
    let podman = Podman::new();
    podman.container("web", "full");
    for target in ["web", "app@web"] {
        let run = podman.add_in(&format!("podman:{target}"));
        run.status(0).stdout("3\n");
    }
    through_its_service(&podman);
    podman.refuses("none", "resolve", "no such container", "podman ps -a");
    podman.refuses(
        "nobody-here@web",
        "resolve",
        "unable to find user nobody-here",
        "no such user in the container",
    );
    podman.container("stopped", "full");
    podman.run(&["kill", "stopped"]);
    podman.refuses(
        "stopped",
        "resolve",
        "can only create exec sessions on running containers",
        "start the container",
    );
    podman.container("bare", "bare");
    podman.refuses(
        "bare",
        "first stage",
        "executable file not found",
        "the container has no `sh`",
    );
}

fn through_its_service(podman: &Podman) {
    let socket = podman.path("socket");
    let address = format!("unix://{}", socket.display());
    let mut command = podman.configured(Command::new("podman"));
    command.args(["system", "service", "--time=0", &address]);
    let mut service = Service::start(command, Path::new(&podman.path("log")));
    service.until(|_| UnixStream::connect(&socket).is_ok());
    let run = podman.add_in(&format!("podman:web?host={address}"));
    run.status(0).stdout("3\n");
    drop(service);
    std::fs::remove_file(&socket).unwrap_or_default();
    let run = podman.add_in(&format!("podman:web?host={address}"));
    run.unreachable(
        "podman:web: resolve",
        "unable to connect to Podman socket",
        "`podman:web?host=ADDRESS`",
    );
}
