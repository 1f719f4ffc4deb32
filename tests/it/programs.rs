//! Ordinary programs, called as `run()`: their arguments, their standard streams, their status, in languages that have a `main`.

use crate::forest::{SOON, assert_nothing_left, end, line, master};
use crate::support::{Run, call, example, finished, run, target, zymogen};
use host::master::{CallOptions, Program};
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
    run(&["call", "local", &search, "run()", "run()"])
        .status(1)
        .stderr_has(&["a program is called alone"]);
    run(&["call", "local", &search, "run()", "--stdin", "/"])
        .status(1)
        .stderr_has(&["/: ", "directory"]);
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

/// Bytes that no text has, what a terminal would take for an order without an end, and a line longer than a log record.
fn bytes() -> Vec<u8> {
    let all = (0..=255).chain(*b"\x1b]0;title").chain(*b"\x1bPq");
    all.chain([b'x'; 20_000]).chain([b'\n']).collect()
}

fn output(command: &mut Command) -> Vec<u8> {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    output.stdout
}

#[test]
fn what_goes_to_a_file_is_as_it_was_written() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("bytes");
    fs::write(&file, bytes()).unwrap();
    let file = file.to_str().unwrap();
    let search = [
        "call",
        "local",
        &example("search"),
        "run()",
        "--stdin",
        file,
    ];
    let printed = output(zymogen().args(search).args(["--", ""]));
    assert!(printed == bytes(), "{} bytes", printed.len());
    let secret = ["--secret", "a=env:A", "--", ""];
    let printed = output(zymogen().args(search).args(secret).env("A", "xxxx"));
    let hidden = String::from_utf8_lossy(&bytes()).replace("xxxx", "***");
    assert!(printed == hidden.as_bytes(), "{} bytes", printed.len());
    let redact = [
        "call",
        "local",
        &example("logpipe"),
        "redact()",
        "--feed",
        file,
    ];
    let redacted = output(zymogen().args(redact));
    assert!(redacted == bytes(), "{} bytes", redacted.len());
}

#[test]
fn a_program_is_stopped_when_nobody_reads_what_it_prints() {
    let search = example("search");
    let mut yes = Command::new("yes").stdout(Stdio::piped()).spawn().unwrap();
    let mut command = zymogen();
    command
        .args(["call", "local", &search, "run()", "--stdin", "-", "--", "y"])
        .stdin(yes.stdout.take().unwrap())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = [0; 4];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(first, *b"y\ny\n");
    assert_eq!(child.wait().unwrap().code(), Some(141));
    yes.kill().unwrap();
    yes.wait().unwrap();
    // A disk that is full is told.
    let mut full = zymogen();
    full.args([
        "call",
        "local",
        &search,
        "run()",
        "--stdin",
        "Cargo.toml",
        "--",
        "e",
    ])
    .stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    let run = finished(&full.output().unwrap());
    assert_ne!(run.status, 0, "{run:?}");
    assert!(run.stderr.contains("No space left"), "{run:?}");
}

#[test]
fn a_line_without_an_end_is_more_than_a_program_may_keep() {
    let search = example("search");
    let endless = ["call", "local", &search, "run()", "--stdin", "/dev/zero"];
    run(&[&endless[..], &["--memory", "4MiB", "--", "x"]].concat())
        .status(3)
        .stdout("");
}

#[test]
fn a_program_ends_though_its_input_stays_open() {
    let mut command = zymogen();
    command
        .args(["call", "local", &example("search"), "run()", "--stdin", "-"])
        .stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let open = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    drop(open);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_program_that_is_given_up() {
    let master = master();
    let line = line(&master, 2).await;
    let search = master.repository().find(&example("search")).unwrap();
    let main = search.function("run").unwrap();
    let (input, reads) = tokio::io::duplex(64);
    let (stdout, mut printed) = tokio::sync::mpsc::channel(1);
    let program = Program {
        args: vec!["b".to_owned()],
        stdin: Some(Box::new(reads)),
        stdout: Some(stdout),
    };
    let options = CallOptions::default();
    let running = line[1].run(&search, &main, program, &options);
    let given_up = tokio::time::timeout(Duration::from_millis(500), running).await;
    assert!(given_up.is_err(), "it waits for its input");
    assert_eq!(printed.recv().await, None);
    drop(input);
    let after = async || line[1].inspect().await.unwrap();
    let deadline = Instant::now() + SOON;
    while after().await.calls + after().await.channels > 0 {
        assert!(Instant::now() < deadline, "{:?}", after().await);
    }
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
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
        assert_eq!(run.stdout, "one\ntwo\nthree\nfour", "{run:?}");
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
