//! Runs cargo, if there is something for it to do.

use super::checkout::Checkout;
use super::cross::{self, Environment};
use super::stamp::Stamp;
use super::{BuildError, Progress};
use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the user, or the cargo that started this program, wants of builds for this machine. What is
/// built here runs on others, or in a sandbox.
const FOR_THIS_MACHINE: [&str; 4] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
];

/// How much of cargo's output an error keeps.
const LAST_LINES: usize = 60;

/// One invocation of `cargo build`.
pub(super) struct Build<'a> {
    /// What is built, for people.
    pub(super) what: String,
    /// A file name for the stamp.
    pub(super) name: &'a str,
    /// Packages, all built at once.
    pub(super) packages: Vec<String>,
    /// The profile.
    pub(super) profile: &'a str,
    /// The target triples, all built at once: to optimise a program as a whole takes one processor.
    pub(super) targets: &'a [&'a str],
    /// Files and directories below the root of the workspace that go into it.
    pub(super) inputs: &'a [&'a str],
    /// Options for the compiler of the parts in C, if it is built for another target than cargo's own.
    pub(super) c_flags: &'a str,
    /// File names of the results for each target.
    pub(super) outputs: Vec<String>,
}

impl Build<'_> {
    /// Makes sure that the results are up to date, and says where they are.
    pub(super) fn run(
        &self,
        checkout: &Checkout,
        progress: &dyn Progress,
    ) -> Result<Vec<PathBuf>, BuildError> {
        // The one profile whose directory has another name.
        let profile = if self.profile == "dev" {
            "debug"
        } else {
            self.profile
        };
        let mut outputs = Vec::new();
        for target in self.targets {
            let directory = checkout.target().join(target).join(profile);
            outputs.extend(self.outputs.iter().map(|name| directory.join(name)));
        }
        let stamp = scratch(checkout).join(self.name);
        let stamp = stamp.with_extension("stamp");
        let stamp = Stamp::take(stamp, checkout.root(), self.inputs);
        // Without a fingerprint cargo decides, as it did before there were stamps.
        let stamp = stamp
            .inspect_err(|error| tracing::warn!("cannot look at the source: {error}"))
            .ok();
        if stamp.as_ref().is_some_and(|stamp| stamp.holds(&outputs)) {
            return Ok(outputs);
        }
        progress.note(&format!("building {}", self.what));
        let built = self.cargo(checkout, progress);
        progress.done();
        built?;
        if let Some(missing) = outputs.iter().find(|path| !path.is_file()) {
            return Err(BuildError::NoResult {
                what: self.what.clone(),
                path: missing.clone(),
            });
        }
        if let Some(Err(error)) = stamp.map(|stamp| stamp.put(&outputs)) {
            tracing::warn!("the next run will ask cargo again: {error}");
        }
        Ok(outputs)
    }

    fn cargo(&self, checkout: &Checkout, progress: &dyn Progress) -> Result<(), BuildError> {
        let scratch = scratch(checkout);
        let mut environment = Environment::new();
        for target in self.targets {
            environment.extend(cross::environment(&self.what, target, &scratch)?);
        }
        let mut command = self.command(checkout, &environment);
        let terminal = io::stderr().is_terminal();
        if terminal {
            progress.done();
            command.stderr(Stdio::inherit());
        } else {
            command.stderr(Stdio::piped());
        }
        let output = command
            .spawn()
            .and_then(std::process::Child::wait_with_output);
        let output = output.map_err(|error| BuildError::NoCargo {
            what: self.what.clone(),
            error,
        })?;
        if output.status.success() {
            return Ok(());
        }
        let mut targets = self.targets.iter();
        if let Some(target) = targets.find(|target| lacks_target(checkout.root(), target)) {
            return Err(BuildError::NoTarget {
                what: self.what.clone(),
                target: (*target).to_owned(),
            });
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<_> = said.lines().collect();
        let from = lines.len().saturating_sub(LAST_LINES);
        Err(BuildError::Cargo {
            what: self.what.clone(),
            output: lines[from..].join("\n"),
        })
    }

    fn command(&self, checkout: &Checkout, environment: &Environment) -> Command {
        let mut command = Command::new("cargo");
        command
            .arg("build")
            .current_dir(checkout.root())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        for package in &self.packages {
            command.args(["--package", package]);
        }
        command.args(["--profile", self.profile]);
        for target in self.targets {
            command.args(["--target", target]);
            let c_flags = format!("CFLAGS_{}", target.replace('-', "_"));
            command.env(c_flags, self.c_flags);
        }
        command.arg("--target-dir").arg(checkout.target());
        for variable in FOR_THIS_MACHINE {
            command.env_remove(variable);
        }
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// What builds leave for later builds, beside what cargo leaves.
fn scratch(checkout: &Checkout) -> PathBuf {
    checkout.target().join("zymogen")
}

/// True if it is certain that the toolchain has no standard library for the target.
fn lacks_target(root: &Path, target: &str) -> bool {
    let sysroot = Command::new("rustc")
        .args(["--print", "sysroot"])
        .current_dir(root)
        .env_remove("RUSTUP_TOOLCHAIN")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let Ok(sysroot) = sysroot else { return false };
    let sysroot = sysroot.stdout.trim_ascii();
    let libraries = Path::new(OsStr::from_bytes(sysroot)).join("lib/rustlib");
    libraries.is_dir() && !libraries.join(target).join("lib").is_dir()
}
