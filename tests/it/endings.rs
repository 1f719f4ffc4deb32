//! Whoever is gone leaves nothing behind: slaves end with their masters, whatever state they are in, and with what
//! they have started.

use crate::support::{Run, example, finished, home, processes, zymogen};
use host::master::{CallResult, Context, Master};
use host::value::CallText;
use proto::{CallLimits, Policy};
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A slave whose parent vanishes is gone after this time, and all that it has started.
const BOUND: Duration = Duration::from_secs(5);

fn kill(pid: u32, signal: Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

fn alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// The slaves that serve a process, as their titles say.
fn slaves_of(pid: u32) -> Vec<u32> {
    let all = processes("zymogen-slave: ");
    let its = processes(&format!(":{pid} "));
    all.into_iter()
        .filter(|slave| its.contains(slave))
        .collect()
}

fn guards_of(slave: u32) -> Vec<u32> {
    processes(&format!("zymogen-slave: guard of {slave} "))
}

/// Waits until something is so, for at most this time.
#[track_caller]
fn within(bound: Duration, what: &str, is: impl Fn() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < bound, "not within {bound:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The only slave of a process, once it is there and, most likely, called.
fn slave_of(pid: u32) -> u32 {
    within(Duration::from_secs(60), "a slave", || {
        slaves_of(pid).len() == 1
    });
    std::thread::sleep(Duration::from_millis(500));
    slaves_of(pid)[0]
}

/// A directory with a `sh` that does not become the program that it starts.
fn shim(script: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sh");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    directory
}

/// Stays between a master and its slave, as sudo does.
const BETWEEN: &str = "/bin/sh \"$@\"";

/// `zymogen call`, with this directory before all others in `PATH`.
fn calling(path: Option<&Path>, arguments: &[&str]) -> Child {
    let mut command = zymogen();
    command
        .arg("call")
        .args(arguments)
        .args(["--timeout", "2m"]);
    if let Some(path) = path {
        let usual = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{usual}", path.display()));
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn ended(child: Child) -> Run {
    finished(&child.wait_with_output().unwrap())
}

/// A call of `command` that executes what ignores all that can be ignored.
fn stubborn(seconds: &str) -> String {
    format!(
        "run({{argv: [\"/bin/sh\", \"-c\", \"trap '' TERM HUP INT; sleep {seconds}; :\"], stdin: none, \
         env: none, chdir: none, creates: none, removes: none, timeout-ms: none, ok-status: none}}, apply)"
    )
}

const GRANT: &str = "exec:/bin/sh -c *";

/// A slave that is stopped, and that the system does not wake: it would send SIGCONT, and SIGHUP, to stopped groups of
/// which nobody has a parent in another group of the session any more. This group has, in a member of ours.
struct Stopped {
    member: Child,
}

impl Stopped {
    fn new(slave: u32) -> Self {
        let group = i32::try_from(slave).unwrap();
        let mut member = Command::new("sleep");
        let member = member.arg("1000").process_group(group).spawn().unwrap();
        kill(slave, Signal::STOP);
        Self { member }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.member.kill();
        let _ = self.member.wait();
    }
}

#[test]
fn a_slave_that_is_stopped_dies_with_a_master_that_is_killed() {
    let master = calling(None, &["local", &example("misbehave"), "sleep(60000)"]);
    let slave = slave_of(master.id());
    let _stopped = Stopped::new(slave);
    kill(master.id(), Signal::KILL);
    ended(master).status(128 + 9);
    within(BOUND, "its end", || !alive(slave));
}

#[test]
fn all_stopped_slaves_of_a_tree_die_with_a_master_that_is_killed() {
    let context = "local,local,local";
    let master = calling(None, &[context, &example("misbehave"), "sleep(60000)"]);
    let first = slave_of(master.id());
    let second = slave_of(first);
    let third = slave_of(second);
    let _stopped = [third, second, first].map(Stopped::new);
    kill(master.id(), Signal::KILL);
    ended(master).status(128 + 9);
    for slave in [first, second, third] {
        within(BOUND, "its end", || !alive(slave));
    }
}

#[test]
fn a_slave_whose_guest_spins_ends_with_a_master_that_is_not_its_parent() {
    let shim = shim(BETWEEN);
    let call = ["local", &example("misbehave"), "spin()"];
    let master = calling(Some(shim.path()), &call);
    let slave = slave_of(master.id());
    kill(master.id(), Signal::KILL);
    ended(master).status(128 + 9);
    within(BOUND, "its end", || !alive(slave));
}

#[test]
fn a_slave_whose_command_is_stubborn_ends_with_it() {
    let shim = shim(BETWEEN);
    let call = stubborn("1000.5");
    let call = ["local", "command", &call, "--grant", GRANT];
    let master = calling(Some(shim.path()), &call);
    let slave = slave_of(master.id());
    within(BOUND, "the command", || processes("sleep 1000.5").len() > 1);
    assert_eq!(guards_of(slave).len(), 1);
    kill(master.id(), Signal::KILL);
    ended(master).status(128 + 9);
    within(BOUND, "the end of all", || {
        !alive(slave) && guards_of(slave).is_empty() && processes("sleep 1000.5").is_empty()
    });
}

#[test]
fn a_guard_that_is_stopped_does_its_work_nevertheless() {
    let call = stubborn("1000.75");
    let master = calling(None, &["local", "command", &call, "--grant", GRANT]);
    let slave = slave_of(master.id());
    within(BOUND, "the command", || {
        processes("sleep 1000.75").len() > 1
    });
    let guards = guards_of(slave);
    assert_eq!(guards.len(), 1);
    kill(guards[0], Signal::STOP);
    kill(slave, Signal::KILL);
    within(BOUND, "the end of all", || {
        guards_of(slave).is_empty() && processes("sleep 1000.75").is_empty()
    });
    ended(master).status(4);
}

#[test]
fn what_stands_between_a_killed_slave_and_its_child_ends_too() {
    // Under a slave it does not care that its streams end, as a connection that hangs.
    let shim = shim(
        "case $(cat /proc/$PPID/cmdline) in
        zymogen-slave*) /bin/sh \"$@\"; exec sleep 1000.875 ;;
        *) exec /bin/sh \"$@\" ;;
        esac",
    );
    let call = ["local,local", &example("misbehave"), "sleep(60000)"];
    let master = calling(Some(shim.path()), &call);
    let first = slave_of(master.id());
    let second = slave_of(first);
    kill(first, Signal::KILL);
    within(BOUND, "the end of all", || {
        !alive(second) && guards_of(first).is_empty() && processes("sleep 1000.875").is_empty()
    });
    ended(master).status(4);
}

/// Two calls that do not end by themselves, at the same time: a guest that spins, and one that waits for a command.
/// Once all is under way, this is done; what became of the calls is the answer.
async fn busy(
    master: &Master,
    context: &Context,
    seconds: &str,
    then: impl FnOnce() + Send + 'static,
) -> [CallResult; 2] {
    let misbehave = master.repository().find(&example("misbehave")).unwrap();
    let command = master.repository().find("command").unwrap();
    let spin = misbehave.function("spin").unwrap();
    let run = command.function("run").unwrap();
    let text = stubborn(seconds);
    let arguments = CallText::parse(&text).unwrap();
    let arguments = arguments.to_vals(&run.params).unwrap();
    let limits = CallLimits {
        wall_ms: 120_000,
        ..CallLimits::default()
    };
    let policy = Policy {
        grants: vec![GRANT.parse().unwrap()],
    };
    let command_line = format!("sleep {seconds}");
    let then = tokio::task::spawn_blocking(move || {
        within(BOUND, "the command", || processes(&command_line).len() > 1);
        std::thread::sleep(Duration::from_millis(300));
        then();
    });
    let (spun, ran, done) = tokio::join!(
        context.call(&misbehave, &spin, &[], Policy::default(), limits),
        context.call(&command, &run, &arguments, policy, limits),
        then
    );
    done.unwrap();
    [spun.unwrap(), ran.unwrap()]
}

fn master() -> Master {
    host::testing::master(home()).unwrap()
}

fn assert_dead(ended: &[CallResult]) {
    for end in ended {
        assert!(matches!(end, CallResult::Dead(_)), "{end:?}");
    }
}

#[tokio::test]
async fn a_busy_slave_ends_within_its_time_when_its_parent_is_killed() {
    let master = master();
    let context = master.connect(&"local,local".parse().unwrap()).await;
    let context = context.unwrap();
    let slave = context.hello().pid;
    let parent = processes("zymogen-slave: ")
        .into_iter()
        .find(|pid| slaves_of(*pid) == [slave])
        .unwrap();
    let ended = busy(&master, &context, "1000.375", move || {
        kill(parent, Signal::KILL);
        within(BOUND, "the end of all", || {
            !alive(slave) && guards_of(slave).is_empty() && processes("sleep 1000.375").is_empty()
        });
    });
    assert_dead(&ended.await);
}

#[tokio::test]
async fn a_slave_that_gets_sigterm_ends_with_all_that_it_has_started() {
    let master = master();
    let context = master.connect(&"local,local".parse().unwrap()).await;
    let context = context.unwrap();
    let child = context.hello().pid;
    let slave = processes("zymogen-slave: ")
        .into_iter()
        .find(|pid| slaves_of(*pid) == [child])
        .unwrap();
    let ended = busy(&master, &context, "1000.625", move || {
        kill(slave, Signal::TERM);
        within(BOUND, "the end of all", || {
            !alive(slave)
                && !alive(child)
                && guards_of(slave).is_empty()
                && guards_of(child).is_empty()
                && processes("sleep 1000.625").is_empty()
        });
    });
    assert_dead(&ended.await);
}

#[tokio::test]
async fn a_busy_slave_that_gets_sigterm_ends_in_order() {
    let master = master();
    let context = master.connect(&"local".parse().unwrap()).await.unwrap();
    let slave = context.hello().pid;
    let ended = busy(&master, &context, "1000.6875", move || {
        kill(slave, Signal::TERM);
        within(BOUND, "the end of all", || {
            !alive(slave) && guards_of(slave).is_empty() && processes("sleep 1000.6875").is_empty()
        });
    });
    assert_dead(&ended.await);
}

#[tokio::test]
async fn fifty_contexts_leave_no_process_and_no_zombie() {
    let master = master();
    let mut pids = Vec::new();
    for number in 0..50 {
        let context = master.connect(&"local".parse().unwrap()).await.unwrap();
        pids.push(context.hello().pid);
        // Some are ended in order, some just dropped, some killed.
        match number % 3 {
            0 => context.shutdown().await,
            1 => drop(context),
            _ => {
                kill(context.hello().pid, Signal::KILL);
                context.gone().await;
                context.shutdown().await;
            }
        }
    }
    let start = Instant::now();
    while pids.iter().any(|pid| alive(*pid)) {
        assert!(
            start.elapsed() < BOUND,
            "some are still there, as zombies or not"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
