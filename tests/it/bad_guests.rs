//! A guest that misbehaves ends in an error of its own kind, and the slave serves the next call.

use crate::support::{call, example, run};
use std::time::{Duration, Instant};

fn misbehave(export: &str, options: &[&str]) -> crate::support::Run {
    let module = example("misbehave");
    let mut arguments = vec!["call", "local", &module, export];
    arguments.extend(options);
    run(&arguments)
}

#[test]
fn a_trap() {
    misbehave("trap()", &[]).status(3).stderr_has(&["trap"]);
}

#[test]
fn an_exit() {
    // WASI 0.2 tells its host only whether the status is 0.
    misbehave("exit(7)", &[])
        .status(3)
        .stderr_has(&["ended itself with status 1"]);
}

#[test]
fn a_spin_ends_at_its_deadline() {
    let began = Instant::now();
    misbehave("spin()", &["--timeout", "300ms"])
        .status(3)
        .stderr_has(&["longer than 0.3 s"]);
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_sleep_ends_at_its_deadline() {
    misbehave("sleep(60000)", &["--timeout", "300ms"])
        .status(3)
        .stderr_has(&["longer than 0.3 s"]);
}

#[test]
fn memory_without_end() {
    misbehave("allocate()", &[])
        .status(3)
        .stderr_has(&["memory", "256 MiB"]);
    misbehave("allocate()", &["--memory", "64MiB"])
        .status(3)
        .stderr_has(&["memory", "64 MiB"]);
}

#[test]
fn a_result_that_takes_more_of_the_host_than_of_the_guest() {
    let large = misbehave("numbers(3500000)", &[]).status(0);
    assert!(large.stdout.len() > 2 * 3_500_000);
    misbehave("numbers(3500000)", &["--memory", "64MiB"])
        .status(3)
        .stderr_has(&["memory", "64 MiB"]);
}

#[test]
fn recursion_without_end() {
    misbehave("recurse()", &[]).status(3).stderr_has(&["stack"]);
}

#[test]
fn a_gigabyte_of_output() {
    misbehave("flood()", &["--max-output", "1MiB"])
        .status(3)
        .stderr_has(&["output", "1 MiB"]);
}

#[test]
fn output_comes_under_the_guests_name() {
    call(&example("misbehave"), r#"print("hello from inside")"#)
        .status(0)
        .stderr_has(&["misbehave", "hello from inside"]);
}
