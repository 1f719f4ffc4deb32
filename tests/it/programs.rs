//! Ordinary programs, called as `run()`: their arguments, their standard streams, their status, in languages that have a `main`.

use crate::forest::{end, line, master};
use crate::support::{Run, call, example, finished, run, target, zymogen};
use host::master::{CallOptions, CallResult, Feed};
use proto::message::RefusedKind;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Calls a program, with its standard input and its arguments behind `--`.
fn fed(context: &str, program: &str, input: Vec<u8>, options: &[&str]) -> Run {
    let mut command = zymogen();
    command
        .args(["call", context, program, "run()", "--stdin", "-"])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program need not read all of it.
    let feed = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap();
    finished(&output)
}

#[test]
fn a_program_has_arguments_and_standard_streams_wherever_it_runs() {
    let lines = b"one error\ntwo\nerror three".to_vec();
    for context in ["local", "local,local"] {
        let run = fed(context, &example("search"), lines.clone(), &["--", "error"]).status(0);
        assert_eq!(run.stdout, "one error\nerror three\n");
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn a_program_opens_what_is_granted() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("a.log");
    fs::write(&file, "an error\n").unwrap();
    let (file, directory) = (file.to_str().unwrap(), scratch.path().to_str().unwrap());
    let search = example("search");
    let grant = format!("read:{directory}");
    let granted = ["call", "local", &search, "run()", "-g", &grant];
    run(&[&granted[..], &["--", "error", directory]].concat())
        .status(0)
        .stdout(&format!("{file}:an error\n"));
    run(&[&granted[..], &["--", "nothing", directory]].concat())
        .status(3)
        .stdout("")
        .stderr_has(&["search", "status 1"]);
    run(&["call", "local", &search, "run()", "--", "error", directory])
        .status(3)
        .stdout("")
        .stderr_has(&[directory, "search", "status 1"]);
}

#[test]
fn an_input_flows_through_less_memory_than_it_has_bytes() {
    let mut input = b"nothing to see here\n".repeat(3 << 20);
    input.extend_from_slice(b"the last\n");
    let options = ["--memory", "8MiB", "--timeout", "100s", "--", "last"];
    let run = fed("local", &example("search"), input, &options).status(0);
    assert_eq!(run.stdout, "the last\n");
}

#[test]
fn an_input_that_nobody_reads_holds_nobody_up() {
    let search = example("search");
    run(&["call", "local", &search, "run()", "--stdin", "/dev/zero"])
        .status(3)
        .stderr_has(&["usage: search TEXT", "status 1"]);
}

#[test]
fn json_is_all_that_a_program_finds_on_standard_output() {
    let options = ["-o", "json", "--", "a"];
    let run = fed("local", &example("search"), b"a\n".to_vec(), &options).status(0);
    assert_eq!(
        run.stdout,
        "{\"v\":1,\"outcome\":\"returned\",\"result\":{\"ok\":null}}\n"
    );
    assert_eq!(run.stderr, "search stdout: a\n");
}

#[test]
fn a_command_line_is_for_programs() {
    let calculator = example("calculator");
    run(&["call", "local", &calculator, "add(1, 2)", "--", "3"])
        .status(1)
        .stderr_has(&["`add` is no program", "parentheses"]);
    run(&["call", "local", &calculator, "add(1, 2)", "--stdin", "x"])
        .status(1)
        .stderr_has(&["`add` is no program", "--feed"]);
    let search = example("search");
    run(&["call", "local", &search, "run()", "run()", "--stdin", "x"])
        .status(1)
        .stderr_has(&["--stdin is for one call"]);
    run(&[
        "call",
        "local",
        &search,
        "run()",
        "--stdin",
        "/no/such/file",
    ])
    .status(1)
    .stderr_has(&["/no/such/file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_has_the_command_line_of_its_first_call() {
    let master = master();
    let line = line(&master, 1).await;
    let search = master.repository().find(&example("search")).unwrap();
    let main = search.function("run").unwrap();
    let options = CallOptions {
        args: vec!["b".to_owned()],
        stdin: true,
        ..CallOptions::default()
    };
    let instance = line[0].instance(&search, options);
    let feed = || vec![Box::new(&b"a\nb\n"[..]) as Feed];
    let first = instance.stream(&main, &[], feed()).await.unwrap();
    assert!(
        matches!(first.collect().await, CallResult::Returned(Some(_))),
        "it has found a b"
    );
    let second = instance.stream(&main, &[], feed()).await.unwrap();
    match second.collect().await {
        CallResult::Refused { kind, message } => {
            assert_eq!(kind, RefusedKind::BadArguments);
            assert!(message.contains("input"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    instance.end().await;
    end(line).await;
}

/// Runs a tool of another language, which `tests/run` installs.
fn build(command: &mut Command, directory: &Path) {
    let tools = target().join("tools/bin");
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .current_dir(directory)
        .env("PATH", format!("{}:{path}", tools.display()));
    finished(&command.output().unwrap()).status(0);
}

/// Two programs that print their arguments and then their input, and fail.
#[test]
fn programs_of_wasi_0_1_in_other_languages() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path();
    fs::write(directory.join("echo.c"), C).unwrap();
    let mut zig = Command::new("python3");
    zig.args(["-m", "ziglang", "cc", "--target=wasm32-wasi", "-Os"])
        .args(["echo.c", "-o", "c.wasm"]);
    build(&mut zig, directory);
    fs::write(directory.join("echo.go"), GO).unwrap();
    let mut go = Command::new("go");
    go.args(["build", "-o", "go.wasm", "echo.go"])
        .envs([("GOOS", "wasip1"), ("GOARCH", "wasm")]);
    build(&mut go, directory);
    for program in ["c.wasm", "go.wasm"] {
        let program = directory.join(program);
        let input = b"three\nfour".to_vec();
        let run = fed(
            "local",
            program.to_str().unwrap(),
            input,
            &["--", "one", "two"],
        );
        assert_eq!(run.stdout, "one\ntwo\nthree\nfour\n", "{run:?}");
        // WASI 0.2, which they are adapted to, knows success and failure.
        run.status(3).stderr_has(&["status 1"]);
    }
}

const C: &str = r#"
#include <stdio.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) puts(argv[i]);
    for (int c; (c = getchar()) != EOF;) putchar(c);
    return 4;
}
"#;

const GO: &str = r#"
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	for _, argument := range os.Args[1:] {
		fmt.Println(argument)
	}
	io.Copy(os.Stdout, os.Stdin)
	os.Exit(4)
}
"#;

#[test]
fn a_program_that_ends_itself_with_status_0_has_returned() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("exit.wasm");
    let program = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start") (call $exit (i32.const 0))))"#;
    fs::write(&path, wat::parse_str(program).unwrap()).unwrap();
    call(path.to_str().unwrap(), "run()").status(0).stdout("");
    // What needs more than WASI is no program.
    let foreign = program.replace("proc_exit", "proc_exit_2");
    fs::write(&path, wat::parse_str(foreign).unwrap()).unwrap();
    call(path.to_str().unwrap(), "run()")
        .status(1)
        .stderr_has(&["exit.wasm", "proc_exit_2"]);
    let foreign = program.replace("wasi_snapshot_preview1", "env");
    fs::write(&path, wat::parse_str(foreign).unwrap()).unwrap();
    call(path.to_str().unwrap(), "run()")
        .status(1)
        .stderr_has(&["exit.wasm", "core module", "wasm32-wasip2"]);
}
