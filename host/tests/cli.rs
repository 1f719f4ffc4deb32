//! The binary from outside: exit statuses, and which stream says what. Nothing here starts a slave; what does
//! is in the package `tests`.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::os::fd::OwnedFd;
use std::process::{Command, Output, Stdio};

fn zymogen(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zymogen"));
    command.args(arguments).env_remove("CARGO");
    command
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    told(&zymogen(arguments).output().unwrap())
}

fn run_with_plan(arguments: &[&str], plan: &str) -> (i32, String, String) {
    let mut child = zymogen(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(plan.as_bytes()).unwrap();
    drop(stdin);
    told(&child.wait_with_output().unwrap())
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn the_version_is_a_result() {
    let (code, out, err) = run(&["--version"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("zymogen "), "{out}");
}

#[test]
fn a_wrong_command_line_is_64() {
    for arguments in [&["depoly"][..], &["deploy", "--detailed-exitcode"], &[]] {
        let (code, out, err) = run(arguments);
        assert_eq!((code, out.as_str()), (64, ""), "{arguments:?}");
        assert!(err.contains("Usage: zymogen"), "{err}");
    }
}

#[test]
fn a_missing_plan_is_1() {
    let (code, out, err) = run(&["deploy", "no/such/plan.toml"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(
        err,
        "error: cannot read the plan no/such/plan.toml\n  because No such file or directory (os error 2)\n"
    );
}

#[test]
fn a_plan_that_is_no_plan_is_1_and_says_where() {
    let (code, out, err) = run_with_plan(&["deploy", "-"], "[plan]\nhost = \"local\"\n");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains(" --> standard input:2:1\n"), "{err}");
    assert!(err.contains("help: did you mean `hosts`?"), "{err}");
}

#[test]
fn programs_are_told_what_is_wrong_too() {
    let plan = "[plan]\nhost = \"local\"\n[[task]]\nfile = 3\n";
    let (code, out, err) = run_with_plan(&["deploy", "-", "-o", "json"], plan);
    assert_eq!(code, 1);
    let events: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.len(), 2, "{out}");
    assert!(events.iter().all(|event| event["event"] == "error"));
    assert_eq!(events[0]["help"], "did you mean `hosts`?");
    assert_eq!(
        (&events[0]["line"], &events[1]["line"]),
        (&2.into(), &4.into())
    );
    assert!(err.contains("2 errors in standard input"), "{err}");

    let (code, out, _) = run(&["deploy", "no/such/plan.toml", "-o", "json"]);
    assert_eq!(code, 1);
    let event: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(event["kind"], "input");
    assert_eq!(event["because"], "No such file or directory (os error 2)");
}

#[test]
fn yaml_is_told_that_it_is_none_of_ours() {
    let directory = std::env::temp_dir().join(format!("zymogen-yaml-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    for (name, arguments) in [
        ("deploy.yaml", &["deploy"][..]),
        ("deploy.yml", &["deploy", "--list-tasks"]),
        ("site.YML", &["deploy", "site.YML"]),
    ] {
        let path = directory.join(name);
        std::fs::write(&path, "- hosts: all\n").unwrap();
        let output = zymogen(arguments).current_dir(&directory).output().unwrap();
        std::fs::remove_file(path).unwrap();
        let (code, out, err) = told(&output);
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        let expected = format!("error: {name} cannot be applied: YAML plans are not read yet\n");
        assert!(err.starts_with(&expected), "{err}");
        assert!(
            err.contains("help: a plan is TOML: write `[[task]]`"),
            "{err}"
        );
    }
    std::fs::remove_dir(directory).unwrap();
}

#[test]
fn lists_need_no_modules() {
    let plan = "[[task]]\nname = \"a thing\"\nfile = { path = \"/x\" }\n";
    let (code, out, err) = run_with_plan(&["deploy", "-", "--list-tasks"], plan);
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (0, "a thing  file\n", "")
    );
    let (code, out, _) = run_with_plan(&["deploy", "-", "--list-hosts"], plan);
    assert_eq!((code, out.as_str()), (0, "local\n"));
}

#[test]
fn a_host_that_is_not_in_the_plan_is_1() {
    let plan = "[[task]]\nfile = { path = \"/x\" }\n";
    let (code, _, err) = run_with_plan(&["deploy", "-", "-l", "lokal"], plan);
    assert_eq!(code, 1);
    assert!(err.contains("standard input has no host `lokal`"), "{err}");
    assert!(err.contains("help: did you mean `local`?"), "{err}");
}

#[test]
fn when_nobody_reads_the_end_is_quiet() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    for arguments in [&["--version"][..], &["--help"]] {
        let writer = OwnedFd::from(writer.try_clone().unwrap());
        let output = zymogen(arguments)
            .stdout(Stdio::from(writer))
            .output()
            .unwrap();
        assert_eq!(
            told(&output),
            (141, String::new(), String::new()),
            "{arguments:?}"
        );
    }
}

#[test]
fn escapes_are_for_terminals() {
    let (_, _, err) = run_with_plan(&["deploy", "-"], "[plan\n");
    assert!(!err.contains('\x1b'), "{err:?}");
}

#[test]
fn modules_that_cannot_be_had_are_one_error_with_advice() {
    let plan = "[[task]]\nfile = { path = \"/x\" }\n[[task]]\ncopy = { path = \"/y\" }\n";
    let mut child = zymogen(&["deploy", "-"])
        .env("ZYMOGEN_IMAGES", "/no/such/directory")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(plan.as_bytes())
        .unwrap();
    let (code, out, err) = told(&child.wait_with_output().unwrap());
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(
        err,
        "error: /no/such/directory is not a directory\n  help: check the variable ZYMOGEN_IMAGES\n"
    );
}
