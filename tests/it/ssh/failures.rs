//! Machines that cannot be reached, and logins that lead nowhere: each says at which hop, in which phase, and what to try.

use super::server::{Server, free_port};
use super::user::User;
use super::{call, unreachable};
use crate::forest::master_with;
use crate::support::{example, finished, zymogen};
use connect::Phase;
use host::master::Options;
use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

/// The head of an error of a hop to this port.
fn at(port: u16, phase: &str) -> String {
    format!("ssh:root@127.0.0.1:{port}: {phase}: it ended (exit status 255)")
}

fn way(port: u16) -> String {
    format!("ssh:root@127.0.0.1:{port}?config=/dev/null&host-key=ignore")
}

#[test]
fn a_port_where_nothing_listens() {
    let port = free_port();
    let says = [
        &*at(port, "resolve"),
        "Connection refused",
        "no sshd listens there",
    ];
    unreachable(&way(port), &[], &says);
}

#[test]
fn a_name_that_nobody_knows() {
    let spec = "ssh:nowhere.invalid?config=/dev/null";
    let says = [
        "ssh:nowhere.invalid: resolve: ",
        "Could not resolve hostname nowhere.invalid",
        "check the name",
    ];
    unreachable(spec, &[], &says);
}

/// Something that answers every connection with this, and closes it.
fn impostor(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            // Whoever has gone already does not hear it.
            let _ = client.unwrap().write_all(answer);
        }
    });
    port
}

#[test]
fn something_that_is_no_sshd() {
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b""] {
        let port = impostor(answer);
        let says = [&*at(port, "resolve"), "what answers there is no sshd"];
        unreachable(&way(port), &[], &says);
    }
}

#[tokio::test]
async fn something_that_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let master = master_with(Options {
        connect_deadline: Duration::from_secs(1),
        ..Options::default()
    });
    let begun = Instant::now();
    let error = master.connect(&way(port).parse().unwrap()).await;
    let error = error.map(|_| ()).unwrap_err();
    assert_eq!(error.phase, Phase::FirstStage, "{error}");
    let text = error.to_string();
    assert!(text.contains("timed out after 1 s"), "{text}");
    assert!(error.hint.unwrap().contains("is silent"));
    assert!(begun.elapsed() < Duration::from_secs(10));
    drop(listener);
}

#[test]
fn a_configuration_that_ssh_does_not_understand() {
    let server = Server::new();
    server.client("config", "NoSuchOption yes");
    let says = ["spawn: ", "mend ssh's configuration"];
    unreachable(&server.root(""), &[], &says);
    // A file that is not there.
    let spec = format!("ssh:127.0.0.1?config={}", server.at("missing"));
    unreachable(
        &spec,
        &[],
        &[
            "spawn: ",
            "Can't open user config file",
            "mend ssh's configuration",
        ],
    );
}

#[test]
fn a_machine_without_ssh() {
    let mut command = zymogen();
    command.args(["call", "ssh:somewhere", &example("calculator"), "nop()"]);
    command.env("PATH", "/nonexistent");
    let says = [
        "ssh:somewhere: spawn: cannot start `ssh`",
        "`ssh` must be installed",
    ];
    finished(&command.output().unwrap())
        .status(4)
        .stderr_has(&says);
}

#[test]
fn a_login_that_runs_nothing() {
    let server = Server::new();
    for (shell, says) in [
        (
            "/usr/sbin/nologin",
            "it said: This account is currently not available.",
        ),
        ("/bin/false", "it ended (exit status 1)"),
    ] {
        let user = User::new(shell, "");
        let way = server.way(&user.name, &format!("identity={}", server.key()));
        let says = ["first stage: ", says, "login shell"];
        unreachable(&way, &[], &says);
    }
    // One whose start file ends it.
    let user = User::new("/bin/bash", "");
    std::fs::write(user.home.path().join(".bashrc"), "echo 'go away'; exit 7").unwrap();
    let way = server.way(&user.name, &format!("identity={}", server.key()));
    let says = [
        "first stage: it ended (exit status 7)",
        "it said: go away",
        "login shell",
    ];
    unreachable(&way, &[], &says);
}

#[test]
fn a_machine_without_a_shell() {
    // Its root has nothing in it.
    let server = Server::with("ChrootDirectory /proc/self/fdinfo");
    let run = call(&server.root(""), &[]).status(4);
    run.stderr_has(&["first stage: ", "login shell"]);
}

#[test]
fn an_error_names_the_hop_where_it_happened() {
    let server = Server::new();
    let port = free_port();
    let spec = format!("{},{}", server.root(""), way(port));
    let first = format!("ssh:root@127.0.0.1:{}", server.port);
    let says = [
        &format!("{first},{}", at(port, "resolve"))[..],
        "Connection refused",
        "no sshd listens there",
    ];
    unreachable(&spec, &[], &says);
}
