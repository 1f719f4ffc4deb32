//! Connections that share one: `ControlMaster` of the user's configuration, and `multiplex`.

use super::server::{Server, succeed};
use super::user::User;
use super::{called, unreachable};
use crate::forest::{add, guests, master};
use host::master::CallResult;
use std::fs;
use std::process::Command;
use wasmtime::component::Val;

/// A configuration under which connections are shared.
fn shared(server: &Server, lines: &str) {
    server.client("config", &format!("ControlPath @/control\n{lines}"));
}

/// Says something to the master of shared connections.
fn control(server: &Server, word: &str) -> bool {
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", &server.at("config"), "-O", word, "-p"]);
    ssh.args([&server.port.to_string(), "root@127.0.0.1"]);
    ssh.output().unwrap().status.success()
}

#[test]
fn one_that_is_there_is_used() {
    let server = Server::new();
    shared(&server, "ControlMaster auto");
    succeed(Command::new("ssh").args([
        "-F",
        &server.at("config"),
        "-fNM",
        "-o",
        "ControlPersist=60",
        "-i",
        &server.key(),
        "-p",
        &server.port.to_string(),
        "root@127.0.0.1",
    ]));
    for _ in 0..2 {
        called(&server.root(""), &[]);
    }
    assert_eq!(server.logins(), 1);
    assert!(control(&server, "exit"));
}

#[test]
fn one_that_the_configuration_keeps_is_made_and_used() {
    let server = Server::new();
    shared(&server, "ControlMaster auto\nControlPersist 60");
    for _ in 0..2 {
        called(&server.root(""), &[]);
    }
    assert_eq!(server.logins(), 1);
    assert!(control(&server, "exit"));
}

#[test]
fn multiplex_shares_one() {
    let server = Server::new();
    // Sockets are in the user's own home, so the user is one of the test's: on the hop before.
    let user = User::new("/bin/sh", "");
    let key = user.file("key", &fs::read_to_string(server.key()).unwrap(), 0o600);
    let known = fs::read_to_string(server.at("known_hosts")).unwrap();
    let known = user.file("known_hosts", &known, 0o600);
    let config = user.file("config", &format!("UserKnownHostsFile {known}\n"), 0o600);
    let first = server.way(&user.name, &format!("identity={}", server.key()));
    let second = format!(
        "ssh:{}@127.0.0.1:{}?config={config}&identity={key}&multiplex=yes",
        user.name, server.port
    );
    let spec = format!("{first},{second}");
    unreachable(
        &spec,
        &[],
        &["spawn: ", "unix_listener: cannot bind", "make `~/.ssh`"],
    );
    fs::create_dir(user.home.path().join(".ssh")).unwrap();
    user.own();
    let before = server.logins();
    for _ in 0..3 {
        called(&spec, &[]);
    }
    // Each of the first hop, and one that all of the second share.
    assert_eq!(server.logins() - before, 3 + 1);
}

#[tokio::test]
async fn a_context_that_ends_takes_none_with_it_that_shares_its_connection() {
    let server = Server::new();
    // The first connection is the master of the others, and ends with whoever made it.
    shared(&server, "ControlMaster auto");
    let master = master();
    let guests = guests(&master);
    let spec = server.root("").parse().unwrap();
    let first = master.connect(&spec).await.unwrap();
    let second = master.connect(&spec).await.unwrap();
    first.shutdown().await;
    let sum = add(&second, &guests.calculator, 1, 2).await;
    assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))));
    second.shutdown().await;
    // The connection waits for others.
    assert_eq!(server.logins(), 1);
    assert!(control(&server, "exit"));
}
