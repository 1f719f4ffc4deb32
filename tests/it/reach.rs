//! Hosts that cannot be reached, and hosts that are lost: who else is concerned, what is said, what is tried again.

use crate::forest::{Guests, add, guests, master, until};
use crate::support::{Plan, Run, finished, processes, run, zymogen};
use host::connect::ContextSpec;
use host::master::CallResult;
use serde_json::Value;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use wasmtime::component::Val;

#[test]
fn ping_shows_the_phases_of_each_connection() {
    let run = run(&["ping", "local", "local,local", "-o", "json"]).status(0);
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    let hosts = answer["hosts"].as_array().unwrap();
    assert_eq!(hosts[0]["host"], "local");
    assert_eq!(hosts[1]["host"], "local,local");
    for host in hosts {
        for time in ["spawn", "reach", "hello", "total", "round-trip"] {
            assert!(
                host[time].as_u64().is_some_and(|it| it > 0),
                "{time}: {host}"
            );
        }
        let phases = ["spawn", "reach", "hello"].map(|it| host[it].as_u64().unwrap());
        assert!(host["total"].as_u64() > Some(phases.iter().sum()), "{host}");
        assert!(host["target"].as_str().unwrap().contains("-linux-musl"));
    }
}

#[test]
fn ping_tells_what_fails_where_and_how_the_others_are() {
    let run = run(&["ping", "local", "local,chroot:/nowhere/at/all", "no-such:x"]);
    run.status(1)
        .stderr_has(&["no way to connect called `no-such`"]);
    let run = crate::support::run(&["ping", "local", "local,chroot:/nowhere/at/all"]).status(4);
    let run = run.stdout_has(&["local ", "failed: resolve"]);
    run.stderr_has(&[
        "local,chroot:/nowhere/at/all: resolve: ",
        "cannot change root directory",
        "there is no such directory",
    ]);
}

#[test]
fn ping_without_a_cache_sends_the_image_and_leaves_none() {
    let run = run(&["ping", "local", "--no-cache", "-o", "json"]).status(0);
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    let host = &answer["hosts"][0];
    assert!(host["sent-bytes"].as_u64() > Some(1 << 20), "{host}");
    assert!(host["image"].as_u64() > Some(0), "{host}");
}

#[test]
fn patterns_mean_hosts_of_the_plan() {
    let plan = Plan::new(
        "[plan]\nhosts = [\"local\", \"chroot:/\", \"chroot:/nowhere\"]\n[[task]]\nfacts = {}\n",
    );
    let file = plan.path("deploy.toml").display().to_string();
    let reached = |patterns: &[&str]| {
        let run = run(&[&["ping", "--plan", &file, "-o", "json"], patterns].concat());
        let answer: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
        let hosts = answer["hosts"].as_array().cloned().unwrap_or_default();
        let names = hosts
            .iter()
            .map(|host| host["host"].as_str().unwrap().to_owned());
        (run.status, names.collect::<Vec<_>>())
    };
    assert_eq!(reached(&["chroot:/"]), (0, vec!["chroot:/".to_owned()]));
    assert_eq!(reached(&["*oca*"]), (0, vec!["local".to_owned()]));
    let (status, all) = reached(&[]);
    assert_eq!((status, all.len()), (4, 3));
    assert_eq!(reached(&["ssh:*"]), (1, Vec::new()));
}

#[test]
fn a_host_that_is_not_there_does_not_stop_the_others() {
    let plan = Plan::new(
        "[plan]\nhosts = [\"chroot:/nowhere\", \"local\", \"chroot:/\"]\n[[task]]\nfacts = {}\n",
    );
    let run = plan.deploy(&["--retries", "1", "-o", "json"]).status(4);
    let events = run.json();
    let of = |kind: &str| {
        events
            .iter()
            .filter(|it| it["event"] == kind)
            .collect::<Vec<_>>()
    };
    let retried = of("host_retrying");
    assert_eq!(retried.len(), 1, "{retried:?}");
    assert_eq!(retried[0]["host"], "chroot:/nowhere");
    assert_eq!(retried[0]["unknown"], Value::Null);
    let statuses: Vec<_> = of("host_finished")
        .into_iter()
        .map(|it| (it["host"].as_str().unwrap(), it["status"].as_str().unwrap()))
        .collect();
    assert!(
        statuses.contains(&("chroot:/nowhere", "unreachable")),
        "{statuses:?}"
    );
    assert_eq!(
        statuses
            .iter()
            .filter(|(_, status)| *status == "done")
            .count(),
        2
    );
}

/// A plan whose second task takes long the first time, and says so by a file.
fn slow() -> Plan {
    Plan::new(
        r#"
[[task]]
name = "before"
facts = {}

[[task]]
name = "the long one"
command = { argv = ["sh", "-c", "test -e @/begun || { : > @/begun; exec sleep 87; }"], timeout-ms = 80000 }

[[task]]
name = "after"
command = { argv = ["true"] }
"#,
    )
}

/// Deploys it, and kills the slave once the long task runs.
fn lost(plan: &Plan, options: &[&str]) -> (Run, Duration) {
    let path = plan.path("deploy.toml");
    let child: Child = zymogen()
        .arg("deploy")
        .arg(path)
        .args(options)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !plan.path("begun").exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "it did not begin"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    // Its title ends with the id of the master.
    let slaves = processes(&format!(":{}", child.id()));
    let slaves: Vec<_> = slaves.into_iter().filter(|pid| is_slave(*pid)).collect();
    assert_eq!(slaves.len(), 1, "{slaves:?}");
    let pid = rustix::process::Pid::from_raw(slaves[0].cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let killed = Instant::now();
    let run = finished(&child.wait_with_output().unwrap());
    (run, killed.elapsed())
}

fn is_slave(pid: u32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.starts_with(b"zymogen-slave")
}

#[test]
fn the_task_whose_outcome_nobody_knows_is_named() {
    let (run, took) = lost(&slow(), &[]);
    let run = run.status(4);
    assert!(took < Duration::from_secs(10), "{took:?}");
    run.stdout_has(&[
        "lost",
        "1 not run",
        "nobody knows the outcome of task 2, the long one",
    ]);
}

#[test]
fn a_lost_host_goes_on_where_it_was_if_it_is_told_to() {
    let (run, _) = lost(&slow(), &["--retries", "2", "-o", "json"]);
    let run = run.status(0);
    let events = run.json();
    let finished: Vec<_> = events
        .iter()
        .filter(|it| it["event"] == "task_finished")
        .map(|it| {
            (
                it["index"].as_u64().unwrap(),
                it["status"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (1, "ok"),
        (2, "unreachable"),
        (2, "changed"),
        (3, "changed"),
    ];
    assert_eq!(finished, expected);
    let retried: Vec<_> = events
        .iter()
        .filter(|it| it["event"] == "host_retrying")
        .collect();
    assert_eq!(retried.len(), 1);
    assert_eq!(retried[0]["unknown"]["task"], "the long one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_was_lost_can_be_made_again() {
    let master = master();
    let Guests { calculator, .. } = guests(&master);
    let spec: ContextSpec = "local,local".parse().unwrap();
    let first = master.connect(&spec).await.unwrap();
    let through = master.contexts()[0].0;
    let answer = add(&first, &calculator, 1, 2).await;
    assert_eq!(answer, CallResult::Returned(Some(Val::S32(3))));
    // The context between is killed.
    let between = master.survey().await;
    let between = between.iter().find(|it| it.context == through).unwrap();
    let pid = between.state.as_ref().unwrap().pid;
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    first.gone().await;
    let answer = add(&first, &calculator, 1, 2).await;
    assert!(matches!(answer, CallResult::Dead(_)), "{answer:?}");
    // While somebody still holds the dead one, the way is made anew all the same.
    let again = master.connect(&spec).await.unwrap();
    let answer = add(&again, &calculator, 1, 2).await;
    assert_eq!(answer, CallResult::Returned(Some(Val::S32(3))));
    drop(first);
    again.shutdown().await;
    until("nothing is left", async || master.contexts().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_that_begin_the_same_are_shared_as_long_as_they_are_needed() {
    let master = master();
    let spec = |text: &str| text.parse::<ContextSpec>().unwrap();
    let (a, b, c) = (
        spec("local,local"),
        spec("local,local,chroot:/"),
        spec("chroot:/,local"),
    );
    let (a, b, c) = tokio::join!(master.connect(&a), master.connect(&b), master.connect(&c));
    let (a, b, c) = (a.unwrap(), b.unwrap(), c.unwrap());
    // The first steps: `local` once, for two; `chroot:/` for one. `local,local` is an end for one, and a way for the other.
    assert_eq!(master.contexts().len(), 2 + 3 + 1);
    b.shutdown().await;
    until("its way is gone", async || master.contexts().len() == 2 + 2).await;
    a.shutdown().await;
    until("its way is gone", async || master.contexts().len() == 2).await;
    c.shutdown().await;
    until("nothing is left", async || master.contexts().is_empty()).await;
}
