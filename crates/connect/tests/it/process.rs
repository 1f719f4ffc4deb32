//! A slave's process: it leads its own group, passes its standard error on, and never outlives its link.

use crate::support::{Stock, Target, end, stand_in, welcomed};
use connect::{Exit, Options, start};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub fn alive(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

pub async fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..500 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not happen");
}

/// The fields of /proc/PID/stat after the name: state, parent, group.
fn stat(pid: u32) -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let (_, fields) = text.rsplit_once(") ").expect("a name");
    fields.split(' ').take(3).map(str::to_owned).collect()
}

#[tokio::test]
async fn no_shell_stays_behind_and_the_group_is_its_own() {
    let (target, stock) = (Target::new("sh"), Stock::new());
    let started = target.start(&stock).await.expect("a start");
    let parts = welcomed(started).await;
    let pid = parts.process.pid();
    eventually("exec of the last program", || {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).expect("a name") == "cat\n"
    })
    .await;
    let fields = stat(pid);
    assert_eq!(fields[1], std::process::id().to_string());
    assert_eq!(fields[2], pid.to_string());
    assert_eq!(end(parts).await, Exit::Code(0));
    assert!(!alive(pid));
}

#[tokio::test]
async fn one_that_dies_by_itself_is_reaped() {
    let (target, stock) = (Target::new("sh"), Stock::new());
    let started = target.start(&stock).await.expect("a start");
    let mut parts = welcomed(started).await;
    let pid = parts.process.pid();
    let killed = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(killed.expect("kill").success());
    assert_eq!(parts.process.exited().await, Exit::Signal(9));
    assert!(!alive(pid));
    assert_eq!(end(parts).await, Exit::Signal(9));
}

#[tokio::test]
async fn one_that_ignores_the_end_of_its_input_is_ended_with_its_children() {
    let target = Target::new("sh");
    let body = stand_in("sleep 1000 & echo $! > \"$HOME/child\"")
        .replace("exec cat > \"${HOME:-.}/received\"", "sleep 1000");
    let started = target.start(&Stock::of(&body)).await.expect("a start");
    let parts = welcomed(started).await;
    let pid = parts.process.pid();
    let child = std::fs::read_to_string(target.at("home/child")).expect("the child's id");
    let child = child.trim().parse().expect("a number");
    assert!(alive(child));
    drop((parts.reader, parts.writer));
    let exit = parts.process.end(Duration::from_millis(50)).await;
    assert_eq!(exit, Exit::Signal(15));
    assert!(!alive(pid));
    // Nobody but init can reap the child.
    eventually("the child's end", || !alive(child) || stat(child)[0] == "Z").await;
}

#[tokio::test]
async fn one_that_is_dropped_is_ended() {
    let (target, stock) = (Target::new("sh"), Stock::new());
    let started = target.start(&stock).await.expect("a start");
    let parts = welcomed(started).await;
    let pid = parts.process.pid();
    drop(parts);
    eventually("the end", || !alive(pid)).await;
}

#[tokio::test]
async fn a_start_that_is_dropped_ends_what_it_started() {
    let target = Target::new("sh").behind("echo $$ > \"$HOME/pid\"; sleep 100");
    let stock = Stock::new();
    let boot = stock.boot();
    let attempt =
        tokio::time::timeout(Duration::from_millis(500), target.start_with(&stock, &boot));
    assert!(attempt.await.is_err());
    let pid = std::fs::read_to_string(target.at("home/pid")).expect("its id");
    let pid = pid.trim().parse().expect("a number");
    eventually("the end", || !alive(pid)).await;
}

#[tokio::test]
async fn lines_of_the_standard_error_are_passed_on_once_it_is_connected() {
    let target = Target::new("sh");
    let body = stand_in("echo early >&2").replace("exec cat", "read -r x; echo late >&2; exec cat");
    let stock = Stock::of(&body);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let options = Options {
        on_stderr: Some(Arc::new(move |line| {
            sink.lock().expect("a lock").push(line.to_owned());
        })),
        ..Options::default()
    };
    let launch = target.launch(&stock.boot());
    let started = start(&launch, &stock, &options).await.expect("a start");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut parts = welcomed(started).await;
    tokio::io::AsyncWriteExt::write_all(&mut parts.writer, b"\n")
        .await
        .expect("a line");
    let passed = || lines.lock().expect("a lock").clone();
    eventually("the late line", || passed() == ["late"]).await;
    assert_eq!(parts.tail.lines().len(), 3);
    end(parts).await;
}
