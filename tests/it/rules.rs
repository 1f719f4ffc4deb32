//! The repository's own rules, kept by a test.

use crate::support::root;
use std::collections::BTreeMap;
use std::process::Command;

/// Who may depend on whom: `docs/ARCHITECTURE.md` has the same as a picture.
const ALLOWED: &[(&str, &[&str])] = &[
    ("proto", &[]),
    ("broker", &["proto"]),
    ("connect", &["proto", "broker"]),
    ("runtime", &["proto", "sandbox"]),
    ("sandbox", &["proto"]),
    ("files", &[]),
    ("transfer", &["proto", "broker", "files"]),
    (
        "slave",
        &["proto", "broker", "connect", "runtime", "transfer"],
    ),
    (
        "host",
        &["proto", "broker", "connect", "runtime", "transfer"],
    ),
    ("guest-sdk", &[]),
];

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let packages: BTreeMap<_, _> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["name"].as_str().unwrap(), package))
        .collect();
    for (name, allowed) in ALLOWED {
        for dependency in packages[name]["dependencies"].as_array().unwrap() {
            let normal = dependency["kind"].is_null();
            let ours = dependency["path"].is_string();
            let to = dependency["name"].as_str().unwrap();
            assert!(
                !normal || !ours || allowed.contains(&to),
                "{name} must not depend on {to}"
            );
        }
    }
}

#[test]
fn the_slave_has_no_compiler_and_no_command_line() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "-p",
            "slave",
            "-e",
            "normal",
            "--prefix",
            "none",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.contains("wasmtime v"), "{tree}");
    for foreign in [
        "cranelift-codegen",
        "wasmtime-internal-cranelift",
        "clap",
        "host",
    ] {
        assert!(
            !tree
                .lines()
                .any(|line| line.split(' ').next() == Some(foreign)),
            "the slave depends on {foreign}"
        );
    }
}

#[test]
fn source_files_are_short_and_say_what_they_are_for() {
    let output = Command::new("git")
        .args(["ls-files", "-co", "--exclude-standard", "*.rs"])
        .current_dir(root())
        .output()
        .unwrap();
    let files = String::from_utf8(output.stdout).unwrap();
    assert!(files.lines().count() > 50, "git lists too few files");
    for file in files.lines() {
        let Ok(text) = std::fs::read_to_string(root().join(file)) else {
            continue;
        };
        let lines = text.lines().count();
        assert!(lines <= 800, "{file} has {lines} lines, at most 800");
        assert!(
            text.starts_with("//!"),
            "{file} must begin with a `//!` line that says what it is for"
        );
    }
}
