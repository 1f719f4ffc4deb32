//! Contexts behind the real sudo, with sudoers files as administrators write them.

use crate::forest::{add, guests, master_with};
use crate::support::machine::Machine;
use crate::support::{Run, add_in, example, finished, zymogen};
use host::master::{CallResult, Options};
use proto::message::FailureKind;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::Val;

const PASSWORD: &str = "Geheim-4711";

/// Users for whom sudo behaves in different ways. All have the same password.
const USERS: &str = "
    for name in worker plain free star tech ticket limited boss; do user $name Geheim-4711; done
    cat > /etc/sudoers.d/test <<'END'
Defaults lecture=always
Defaults:star pwfeedback
Defaults:tech requiretty
Defaults:ticket timestamp_type=global
worker, star, tech, ticket ALL=(ALL) ALL
free ALL=(boss) NOPASSWD: ALL
limited ALL=(boss) ALL
END
    chmod 440 /etc/sudoers.d/test
";

fn sudo(machine: &Machine, hops: &str) -> Run {
    add_in(
        &machine.at(hops),
        &[("RIGHT", PASSWORD), ("WRONG", "no-such-password")],
    )
}

#[test]
fn sudo_lets_in_who_may() {
    let machine = Machine::new(USERS);
    for hops in [
        "su:worker,sudo?password=env:RIGHT",
        "su:worker,sudo:boss?password=env:RIGHT",
        // There is nothing to answer.
        "su:free,sudo:boss",
        "su:free,sudo:boss?password=env:WRONG",
        // Stars appear while the password is typed.
        "su:star,sudo:root?tty=yes&password=env:RIGHT",
        "su:tech,sudo:root?tty=yes&password=env:RIGHT",
        // The second time sudo does not ask any more.
        "su:ticket,sudo:root?password=env:RIGHT",
        "su:ticket,sudo:root?password=env:WRONG",
        "su:ticket,sudo:root",
    ] {
        sudo(&machine, hops).status(0).stdout("3\n");
    }
}

#[test]
fn a_wrong_password_for_sudo_is_told_at_once() {
    let machine = Machine::new(USERS);
    for hops in [
        "su:worker,sudo:root?password=env:WRONG",
        "su:star,sudo:root?tty=yes&password=env:WRONG",
    ] {
        let start = Instant::now();
        let to = hops.split('?').next().unwrap();
        sudo(&machine, hops).unreachable(
            &format!("{}: authenticate", machine.at(to)),
            "again: what it was given was not accepted",
            "sudo wants that of the user before this hop",
        );
        // sudo itself waits for two seconds after each attempt.
        assert!(start.elapsed() < Duration::from_secs(20), "{hops}");
    }
}

#[test]
fn sudo_refuses_with_advice() {
    let machine = Machine::new(USERS);
    let check = |hops: &str, phase: &str, said: &str, hint: &str| {
        let to = hops.replace("?password=env:RIGHT", "");
        let place = format!("{}: {phase}", machine.at(&to));
        sudo(&machine, hops).unreachable(&place, said, hint);
    };
    check(
        "su:worker,sudo:root",
        "authenticate",
        "it said: sudo: a password is required",
        "`sudo:root?password=ask`, `...=env:NAME` or `...=file:PATH`",
    );
    check(
        "su:plain,sudo:root?password=env:RIGHT",
        "authenticate",
        "plain is not in the sudoers file",
        "an administrator must allow it",
    );
    check(
        "su:limited,sudo:root?password=env:RIGHT",
        "authenticate",
        "limited is not allowed to execute",
        "must allow that user to run `sh` as this one",
    );
    check(
        "su:tech,sudo:root?password=env:RIGHT",
        "authenticate",
        "it said: sudo: sorry, you must have a tty to run sudo",
        "`sudo:root?tty=yes`",
    );
    check(
        "su:worker,sudo:nobody-here?password=env:RIGHT",
        "resolve",
        // It has said before what it means by that.
        "it said: sudo: error initializing audit plugin",
        "no such user",
    );
}

/// Nobody but the program that was given it has it where others could read it.
#[test]
fn a_password_is_in_no_command_line_no_environment_and_no_log() {
    let machine = Machine::new(USERS);
    let mut command = zymogen();
    command
        .env("RIGHT", PASSWORD)
        .env("RUST_LOG", "trace")
        .args(["call", "-vvv"])
        .arg(machine.at("su:worker,sudo:root?password=env:RIGHT"))
        .args([&example("misbehave"), "sleep(1000)"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut program = command.spawn().unwrap();
    let (pid, mut seen) = (program.id(), 0);
    while program.try_wait().unwrap().is_none() {
        for shown in shown_of_all_but(pid) {
            seen += 1;
            let shown = String::from_utf8_lossy(&shown);
            assert!(!shown.contains(PASSWORD), "{shown}");
        }
    }
    assert!(seen > 0);
    let run = finished(&program.wait_with_output().unwrap()).status(0);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(!said.contains(PASSWORD), "{said}");
}

/// What /proc shows of processes: command lines and environments. What is still the program itself, before it has become
/// what it was forked for, has the program's own environment, and shows it to nobody else.
fn shown_of_all_but(pid: u32) -> Vec<Vec<u8>> {
    let mut shown = Vec::new();
    let program = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(process) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let is_program =
            || program.is_some() && std::fs::read_link(entry.path().join("exe")).ok() == program;
        if process != pid && !is_program() {
            shown.extend(std::fs::read(entry.path().join("cmdline")));
            shown.extend(std::fs::read(entry.path().join("environ")));
        }
    }
    shown
}

/// The slave of an ordinary user cannot end a sudo that hangs, for it belongs to root. Nobody waits for it.
#[tokio::test]
async fn a_sudo_that_hangs_ends_with_the_time() {
    let machine = Machine::new(&format!(
        "{USERS}
        echo 'auth required pam_exec.so /bin/sleep 60' > /etc/pam.d/sudo"
    ));
    let master = master_with(Options {
        connect_deadline: Duration::from_secs(5),
        ..Options::default()
    });
    // Compiling them takes this thread longer than a link may be silent, if the machine is busy.
    let guests = guests(&master);
    // The way there may take its time.
    let worker = machine.at("su:worker").parse().unwrap();
    let worker = Arc::new(master.connect(&worker).await.unwrap());
    let sudo = "sudo:root?password=env:HOME".parse().unwrap();
    let start = Instant::now();
    let Err(error) = master.connect_via(&worker, &sudo).await else {
        panic!("sudo did not hang");
    };
    assert_eq!(error.cause.kind(), FailureKind::Timeout, "{error}");
    assert!(start.elapsed() < Duration::from_secs(25), "{error}");
    let sum = add(&worker, &guests.calculator, 1, 2).await;
    assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))));
}
