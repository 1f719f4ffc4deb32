//! The functions of `zymogen:task/files` on a real disk, called as a guest calls them.

#![allow(clippy::unwrap_used)]

mod blocking;
mod escape;
mod xattr;

use super::super::bindings::zymogen::task::files::{Attributes, Content, Error, Host, Kind};
use crate::Program;
use crate::guest::Guest;
use crate::upstream::Upstream;
use async_trait::async_trait;
use bytes::Bytes;
use proto::message::{LogRecord, ModuleRef};
use proto::{CallLimits, Digest, Policy};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

const NO_ATTRIBUTES: Attributes = Attributes {
    mode: None,
    owner: None,
    group: None,
};

struct Nobody;

#[async_trait]
impl Upstream for Nobody {
    async fn resource(&self, _: &Digest) -> Result<Bytes, String> {
        Err("nobody has sources".to_owned())
    }

    async fn ask(&self, _: &str, _: proto::Body) -> Result<proto::Body, String> {
        Err("nobody answers".to_owned())
    }

    async fn log(&self, _: LogRecord) {}
}

/// A directory, and guests that get grants in it: `write:/a` is written as such, and means `a` there.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The absolute path of `/a`.
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0.path().to_str().unwrap())
    }

    fn file(&self, path: &str, content: &str) {
        std::fs::write(self.at(path), content).unwrap();
    }

    fn directory(&self, path: &str) {
        std::fs::create_dir_all(self.at(path)).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        std::os::unix::fs::symlink(self.at(target), self.at(path)).unwrap();
    }

    fn there(&self, path: &str) -> bool {
        Path::new(&self.at(path)).symlink_metadata().is_ok()
    }

    fn guest(&self, grants: &[&str]) -> Guest {
        let grants = grants.iter().map(|grant| {
            let (kind, path) = grant.split_once(':').unwrap();
            format!("{kind}:{}", self.at(path)).parse().unwrap()
        });
        let module = ModuleRef {
            name: "test".to_owned(),
            digest: Digest([0; 32]),
        };
        let policy = Policy {
            grants: grants.collect(),
        };
        Guest::new(
            &module,
            policy,
            CallLimits::default(),
            Arc::new(Nobody),
            None,
            Program::default(),
        )
    }
}

/// The guest's answer; a trap is none.
macro_rules! answer {
    ($call:expr) => {
        $call.await.unwrap()
    };
}
use answer;

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

#[tokio::test]
async fn a_directory_goes_with_all_that_is_in_it_whatever_its_name() {
    let disk = Disk::new();
    disk.directory("/d/e/f");
    let latin = Path::new(&disk.at("/d/e")).join(OsStr::from_bytes(b"Ren\xe9e"));
    std::fs::write(latin, "x").unwrap();
    for number in 0..3000 {
        disk.file(&format!("/d/e/f/{number}"), "");
    }
    let mut guest = disk.guest(&["write:/d"]);
    answer!(guest.remove(disk.at("/d"), true)).unwrap();
    assert!(!disk.there("/d"));
}

#[tokio::test]
async fn a_new_name_of_the_same_file_leaves_no_other_behind() {
    let disk = Disk::new();
    disk.directory("/d");
    disk.file("/d/a", "x");
    let mut guest = disk.guest(&["write:/d"]);
    for _ in 0..2 {
        answer!(guest.make_hard_link(disk.at("/d/b"), disk.at("/d/a"))).unwrap();
    }
    assert_eq!(
        answer!(guest.entries(disk.at("/d"))).unwrap(),
        ["a", "b"].map(str::to_owned)
    );
}

#[tokio::test]
async fn a_new_file_gets_its_mode_and_a_replaced_one_keeps_it() {
    let disk = Disk::new();
    let mut guest = disk.guest(&["write:/f"]);
    for (mode, expected) in [(Some(0o640), 0o640), (None, 0o640)] {
        let attributes = Attributes {
            mode,
            ..NO_ATTRIBUTES
        };
        let content = Content::Bytes(b"text".to_vec());
        answer!(guest.replace(disk.at("/f"), content, attributes)).unwrap();
        let found = answer!(guest.stat(disk.at("/f"))).unwrap().unwrap();
        assert_eq!(
            (found.kind, found.mode, found.size),
            (Kind::File, expected, 4)
        );
    }
    let names = std::fs::read_dir(disk.0.path()).unwrap();
    assert_eq!(names.count(), 1, "a temporary file is left");
}

/// A directory that one may search and change, but not list, is no obstacle.
#[test]
fn the_way_need_not_be_readable() {
    let disk = Disk::new();
    disk.directory("/way/d");
    disk.file("/way/d/f", "text");
    for path in ["/way/d", "/way", ""] {
        let searched = std::fs::Permissions::from_mode(0o311);
        std::os::unix::fs::chown(disk.at(path), Some(65534), None).ok();
        std::fs::set_permissions(disk.at(path), searched).unwrap();
    }
    let answer = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            // Root may read everything: become somebody else, in this thread and those that it starts.
            if rustix::process::geteuid().is_root() {
                let nobody = rustix::fs::Uid::from_raw(65534);
                rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
            }
            let mut guest = disk.guest(&["write:/way/d"]);
            run(async { answer!(guest.read(disk.at("/way/d/f"), 9)) })
        });
        reader.join().unwrap()
    });
    assert_eq!(answer.unwrap(), b"text");
    std::fs::set_permissions(disk.0.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A process may have 1024 open files where nobody raised the limit.
#[test]
fn one_guest_cannot_hold_all_descriptors() {
    use wasmtime_wasi::WasiView;
    let disk = Disk::new();
    let mut guest = disk.guest(&["read:"]);
    let held = (0..1024)
        .map_while(|_| {
            let file = std::fs::File::open(disk.0.path()).unwrap();
            guest.ctx().table.push(file).ok()
        })
        .count();
    assert_eq!(held, 512);
}
