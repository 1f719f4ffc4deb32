//! `zymogen bundle`: one file that works where there is neither cargo nor a checkout.

use crate::machine::{Machine, aarch64};
use crate::support::{Run, example, finished, root, run, target};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A bundle of the program under test, in a directory that is also a home for whoever runs it.
struct Bundle(TempDir);

impl Bundle {
    fn new() -> Self {
        let bundle = Self(tempfile::tempdir().unwrap());
        let program = target().join("debug/zymogen");
        let (program, output) = (program.to_str().unwrap(), bundle.path());
        run(&[
            "bundle",
            "--program",
            program,
            "-o",
            output.to_str().unwrap(),
        ])
        .status(0);
        bundle
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("zymogen")
    }

    /// Where everything is hidden that cargo would need.
    fn run(&self, machine: Machine, arguments: &[&str]) -> Run {
        let mut hidden = machine.without(root()).without(&target());
        for (variable, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(folder));
            let home = std::env::var_os(variable).map(PathBuf::from).or(home);
            if let Some(home) = home.filter(|home| home.is_dir()) {
                hidden = hidden.without(&home);
            }
        }
        let mut command = Command::new(self.path());
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", self.0.path())
            .env("XDG_RUNTIME_DIR", self.0.path())
            .env_remove("XDG_CACHE_HOME")
            .env_remove("ZYMOGEN_IMAGES");
        finished(&hidden.run(&command).output().unwrap())
    }

    /// A component beside it: `target` is hidden.
    fn calculator(&self) -> String {
        let path = self.0.path().join("calculator.wasm");
        std::fs::copy(example("calculator"), &path).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[test]
fn it_carries_all_that_the_tour_and_the_modules_need() {
    let bundle = Bundle::new();
    let run = |arguments: &[&str]| bundle.run(Machine::new(), arguments);
    run(&["deploy"]).status(0).stdout_has(&["changed"]);
    run(&["deploy"]).status(0).stdout_has(&["nothing changed"]);
    run(&["doc"])
        .status(0)
        .stdout_has(&["command", "copy", "facts", "file", "lineinfile"]);
    run(&["call", "local,local", &bundle.calculator(), "add(1, 2)"])
        .status(0)
        .stdout("3\n");
    run(&["bundle"])
        .status(1)
        .stderr_has(&["the program would have to be built, but its source is not at"]);
}

#[test]
fn it_carries_the_slave_for_the_other_architecture() {
    let bundle = Bundle::new();
    // Nothing is built on the way, and another format than the bundle's can be made.
    let calculator = bundle.calculator();
    for context in ["local", "local,local"] {
        let call = ["call", context, &calculator, "add(1, 2)"];
        bundle.run(aarch64(), &call).status(0).stdout("3\n");
    }
}

#[test]
fn one_that_was_cut_or_damaged_says_so() {
    let bundle = Bundle::new();
    let whole = std::fs::read(bundle.path()).unwrap();
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    // What replaces a program that runs is another file.
    let replace = |bytes: &[u8]| {
        let new = bundle.0.path().join("new");
        std::fs::write(&new, bytes).unwrap();
        let mode = std::fs::metadata(bundle.path()).unwrap().permissions();
        std::fs::set_permissions(&new, mode).unwrap();
        std::fs::rename(new, bundle.path()).unwrap();
    };
    replace(&damaged);
    bundle
        .run(Machine::new(), &["doc"])
        .status(1)
        .stderr_has(&["is a damaged bundle: its index is not what it was"]);
    replace(&whole);
    let strip = Command::new("strip").arg(bundle.path()).status().unwrap();
    assert!(strip.success());
    bundle.run(Machine::new(), &["doc"]).status(1).stderr_has(&[
        "is a bundle, but the slaves and modules behind it are gone",
        "strip",
    ]);
    // What needs nothing of it works.
    bundle.run(Machine::new(), &["--version"]).status(0);
}

#[test]
fn only_a_zymogen_can_be_bundled() {
    let output = tempfile::tempdir().unwrap();
    let output = output.path().join("zymogen");
    run(&[
        "bundle",
        "--program",
        "/bin/sh",
        "-o",
        output.to_str().unwrap(),
    ])
    .status(1)
    .stderr_has(&["/bin/sh cannot be made a bundle"]);
    assert!(!output.exists());
}
