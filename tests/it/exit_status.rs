//! How the program ends when something outside it goes wrong: each end has a status of its own.

use crate::support::{Plan, Run, example, finished, run, zymogen};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits until the program's slave is there and, most likely, called.
fn slave(master: &Child) -> u32 {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if let Some(slave) = slave_of(master.id()) {
            std::thread::sleep(Duration::from_millis(700));
            return slave;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no slave was started");
}

fn slave_of(master: u32) -> Option<u32> {
    let parent = format!("PPid:\t{master}");
    crate::support::processes("zymogen-slave:")
        .into_iter()
        .find(|pid| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
            status.is_ok_and(|status| status.lines().any(|line| line == parent))
        })
}

fn sleeping(ms: u64) -> [String; 4] {
    let call = format!("sleep({ms})");
    [
        "call".to_owned(),
        "local".to_owned(),
        example("misbehave"),
        call,
    ]
}

fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

fn ended(child: Child) -> Run {
    finished(&child.wait_with_output().unwrap())
}

#[test]
fn an_interrupt_is_130_and_leaves_no_slave() {
    let mut command = zymogen();
    command.args(sleeping(60_000)).arg("--timeout").arg("2m");
    let child = start(command);
    let slave = slave(&child);
    signal(child.id(), rustix::process::Signal::INT);
    ended(child)
        .status(130)
        .stdout("")
        .stderr_has(&["stopping; again ends at once", "cancelled"]);
    assert!(!std::path::Path::new(&format!("/proc/{slave}")).exists());
}

#[test]
fn a_slave_ends_with_a_master_that_is_killed() {
    let mut command = zymogen();
    command.args(sleeping(60_000)).arg("--timeout").arg("2m");
    let child = start(command);
    let slave = slave(&child);
    signal(child.id(), rustix::process::Signal::KILL);
    ended(child).status(128 + 9);
    let deadline = Instant::now() + Duration::from_secs(5);
    while std::path::Path::new(&format!("/proc/{slave}")).exists() {
        assert!(Instant::now() < deadline, "a slave outlived its master");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_interrupt_that_the_parent_ignores_is_ignored() {
    let program = zymogen();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' INT HUP; exec \"$0\" \"$@\""])
        .arg(program.get_program())
        .args(sleeping(3_000))
        .current_dir(program.get_current_dir().unwrap())
        .stdin(Stdio::null());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let child = start(shell);
    slave(&child);
    signal(child.id(), rustix::process::Signal::INT);
    signal(child.id(), rustix::process::Signal::HUP);
    let run = ended(child).status(0);
    assert!(!run.stderr.contains("stopping"), "{}", run.stderr);
}

#[test]
fn a_slave_that_is_killed_in_a_call_is_4() {
    let mut command = zymogen();
    command.args(sleeping(60_000)).arg("--timeout").arg("2m");
    let child = start(command);
    let slave = slave(&child);
    signal(slave, rustix::process::Signal::KILL);
    ended(child)
        .status(4)
        .stderr_has(&["the context is gone", "nobody knows how far the call came"]);
}

#[test]
fn a_deployment_that_loses_its_host_is_4() {
    // The parent of a command is the slave.
    let plan = Plan::new(
        "[[task]]\ncommand = { argv = [\"/bin/sh\", \"-c\", \"kill -KILL $PPID\"] }\n[[task]]\nfacts = {}\n",
    );
    let run = plan.deploy(&["-o", "json"]).status(4);
    let events = run.json();
    let task = events
        .iter()
        .find(|event| event["event"] == "task_finished");
    assert_eq!(task.unwrap()["status"], "unreachable", "{events:?}");
    let host = events
        .iter()
        .find(|event| event["event"] == "host_finished");
    assert_eq!(host.unwrap()["totals"]["not_run"], 1, "{events:?}");
}

#[test]
fn a_slave_that_cannot_start_is_4_and_cannot_speak_for_us() {
    let images = tempfile::tempdir().unwrap();
    let image = images
        .path()
        .join(format!("zymogen-slave-{}", std::env::consts::ARCH));
    let hostile = "#!/bin/sh\nprintf 'no \\033[2Kroom\\233\\342\\200\\256 here\\n' >&2\nexit 9\n";
    std::fs::write(&image, hostile).unwrap();
    let plan = Plan::new("[[task]]\nfacts = {}\n");
    let deploy = |options: &[&str]| {
        let output = zymogen()
            .env("ZYMOGEN_IMAGES", images.path())
            .arg("deploy")
            .arg(plan.path("deploy.toml"))
            .args(options)
            .output()
            .unwrap();
        finished(&output).status(4)
    };
    for run in [deploy(&[]), deploy(&["-o", "json"])] {
        for text in [&run.stdout, &run.stderr] {
            let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(bad), "{text:?}");
        }
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("room") && said.contains("here"), "{said}");
    }
}

#[test]
fn the_plan_here_is_applied_without_being_named() {
    let plan = Plan::new("[[task]]\nfile = { path = \"@/made\", state = \"touch\" }\n");
    let output = zymogen()
        .current_dir(plan.directory.path())
        .arg("deploy")
        .output()
        .unwrap();
    finished(&output).status(0).stdout_has(&["changed"]);
    assert!(plan.path("made").exists());
}

#[test]
fn what_a_module_takes_is_told() {
    run(&["doc", "copy"]).status(0).stdout_has(&[
        "Parameters",
        "path",
        "write-path",
        "Permission: to read",
    ]);
    let json = &run(&["doc", "copy", "-o", "json"]).status(0).json()[0];
    assert_eq!(json["name"], "copy");
    let params = json["task"]["params"].as_array().unwrap();
    assert!(params.iter().any(|field| field["name"] == "path"), "{json}");
    run(&["doc", "copi"])
        .status(1)
        .stderr_has(&["did you mean `copy`"]);
}

#[test]
fn a_tasks_own_time_outlasts_the_limit_of_all() {
    let plan = |ms: u64| {
        Plan::new(&format!(
            "[[task]]\ncommand = {{ argv = [\"sleep\", \"2\"], timeout-ms = {ms} }}\n"
        ))
    };
    plan(60_000).deploy(&["--timeout", "1s"]).status(0);
    plan(300).deploy(&["--timeout", "1s"]).status(3);
}
