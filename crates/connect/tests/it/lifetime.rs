//! Whom a process outlives, and who is told of it.

use crate::process::{alive, eventually};
use crate::support::{Stock, Target, end, stand_in, welcomed};
use connect::{Cause, Exit, Guard, Options, Parts, start};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

/// A slave that does not care for the end of its input, nor for SIGTERM.
fn stubborn() -> Stock {
    let cat = "exec cat > \"${HOME:-.}/received\"";
    Stock::of(&stand_in("trap '' TERM").replace(cat, "while :; do sleep 0.1; done"))
}

async fn started(target: &Target, stock: &Stock) -> Parts {
    welcomed(target.start(stock).await.expect("a start")).await
}

fn kill(pid: u32) {
    let group = format!("-{pid}");
    let killed = std::process::Command::new("kill")
        .args(["-9", "--", &group])
        .status();
    assert!(killed.expect("kill").success());
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build();
    runtime.expect("a runtime")
}

#[tokio::test]
async fn one_that_is_released_lives_on_and_is_reaped() {
    let (target, stock) = (Target::new("sh"), stubborn());
    let parts = started(&target, &stock).await;
    let pid = parts.process.pid();
    parts.process.release();
    drop((parts.reader, parts.writer));
    // Longer than one that is dropped has until it is killed.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(alive(pid));
    kill(pid);
    eventually("the end", || !alive(pid)).await;
}

#[test]
fn one_that_is_released_outlives_the_runtime_and_one_that_is_not_does_not() {
    let (target, stock) = (Target::new("sh"), stubborn());
    let runtime = runtime();
    let (released, kept) = runtime.block_on(async {
        (
            started(&target, &stock).await.process,
            started(&target, &stock).await.process,
        )
    });
    let pids = (released.pid(), kept.pid());
    released.release();
    // The order has arrived.
    runtime.block_on(async { tokio::time::sleep(Duration::from_millis(100)).await });
    drop(runtime);
    assert!(is_dead(pids.1), "its runtime is gone, and it is not");
    assert!(!is_dead(pids.0), "it was released");
    kill(pids.0);
    drop(kept);
}

/// Without a runtime nobody reaps it.
fn is_dead(pid: u32) -> bool {
    std::thread::sleep(Duration::from_millis(200));
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    state.map_or(true, |state| state.contains(") Z "))
}

#[test]
fn one_that_dies_with_the_thread_that_started_it_outlives_the_thread_that_asked() {
    let script = "exec setpriv --pdeathsig KILL \"$@\"";
    let target = Arc::new(Target::new("sh").behind(script));
    let runtime = runtime();
    let handle = runtime.handle().clone();
    let asked = std::thread::spawn(move || handle.block_on(started(&target, &Stock::new())));
    let parts = asked.join().expect("a start");
    let pid = parts.process.pid();
    assert!(!is_dead(pid), "it died with a thread");
    assert_eq!(runtime.block_on(end(parts)), Exit::Code(0));
}

#[test]
fn a_runtime_that_cannot_start_processes_harms_no_other() {
    let (target, stock) = (Target::new("sh"), Stock::new());
    let poor = Builder::new_current_thread().enable_time().build();
    let failed = poor.expect("a runtime").block_on(target.start(&stock));
    let cause = failed.expect_err("it has no way to the system").cause;
    assert!(matches!(*cause, Cause::Spawn { .. }), "{cause:?}");
    let parts = runtime().block_on(async {
        let parts = started(&target, &stock).await;
        end(parts).await
    });
    assert_eq!(parts, Exit::Code(0));
}

#[tokio::test]
async fn many_end_in_the_time_of_one() {
    let (target, stock) = (Target::new("sh"), stubborn());
    let mut all = Vec::new();
    for _ in 0..20 {
        all.push(started(&target, &stock).await.process);
    }
    let began = Instant::now();
    let ends = all.into_iter();
    let ends: JoinSet<_> = ends
        .map(|process| process.end(Duration::from_millis(500)))
        .collect();
    let exits = ends.join_all().await;
    assert_eq!(exits, [Exit::Signal(9); 20]);
    // Each takes a second, one after the other they would take twenty.
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// Groups that are watched.
#[derive(Clone, Default)]
struct Watched(Arc<Mutex<Vec<u32>>>);

struct Entry(Watched, u32);

impl Watched {
    fn now(&self) -> Vec<u32> {
        self.0.lock().expect("a lock").clone()
    }
}

impl Guard for Watched {
    fn watch(&self, group: u32) -> io::Result<Box<dyn Send>> {
        self.0.lock().expect("a lock").push(group);
        Ok(Box::new(Entry(self.clone(), group)))
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut groups = self.0.0.lock().expect("a lock");
        groups.retain(|group| *group != self.1);
    }
}

#[tokio::test]
async fn the_guard_knows_each_group_until_it_is_over_or_released() {
    let (target, stock) = (Target::new("sh"), stubborn());
    let watched = Watched::default();
    let options = Options {
        guard: Some(Arc::new(watched.clone())),
        ..Options::default()
    };
    let launch = target.launch(&stock.boot());
    let mut pids = Vec::new();
    let mut all = Vec::new();
    for _ in 0..2 {
        let start = start(&launch, &stock, &options).await.expect("a start");
        let process = welcomed(start).await.process;
        pids.push(process.pid());
        all.push(process);
    }
    assert_eq!(watched.now(), pids);
    all.remove(0).release();
    eventually("release", || watched.now() == pids[1..]).await;
    all.remove(0).end(Duration::from_millis(50)).await;
    assert!(watched.now().is_empty());
    kill(pids[0]);
}

struct Nobody;

impl Guard for Nobody {
    fn watch(&self, group: u32) -> io::Result<Box<dyn Send>> {
        Err(io::Error::other(format!("nobody watches {group}")))
    }
}

#[tokio::test]
async fn without_its_guard_nothing_starts() {
    let (target, stock) = (Target::new("sh"), Stock::new());
    let options = Options {
        guard: Some(Arc::new(Nobody)),
        ..Options::default()
    };
    let error = start(&target.launch(&stock.boot()), &stock, &options).await;
    let text = error.expect_err("no guard").to_string();
    let (_, pid) = text.rsplit_once(' ').expect("its number");
    let pid = pid.parse().expect("a number");
    assert!(
        text.contains("spawn: cannot start `env`: nobody watches"),
        "{text}"
    );
    eventually("the end", || !alive(pid)).await;
}
