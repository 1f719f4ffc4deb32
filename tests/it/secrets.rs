//! Secrets of a plan: who gets them, and where they are not shown.

use crate::support::{Plan, Run, example, finished, zymogen};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread::JoinHandle;

const TOKEN: &str = "correct horse battery staple";

/// Answers one request with the same request, and gives it back.
fn echo() -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut piece = [0; 1024];
        while !request.ends_with(b"deployed") {
            let count = stream.read(&mut piece).unwrap();
            assert_ne!(count, 0, "{}", String::from_utf8_lossy(&request));
            request.extend_from_slice(&piece[..count]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        stream.write_all(&request).unwrap();
        String::from_utf8(request).unwrap()
    });
    (port, served)
}

/// A plan whose task posts to this port of `localhost`, with this as its token.
fn plan(port: u16, token: &str) -> Plan {
    let module = example("webhook");
    let text = format!(
        r#"
[secrets]
chat = "env:CHAT_TOKEN"

[[task]]
use = "{module}"
with = {{ to = "localhost:{port}", {token} text = "deployed" }}
register = "posted"
"#
    );
    // Not as a part of the path.
    let plan = Plan::new("");
    plan.file("deploy.toml", &text);
    plan
}

fn deploy(plan: &Plan, options: &[&str]) -> Run {
    let mut command: Command = zymogen();
    command
        .env("CHAT_TOKEN", TOKEN)
        .arg("deploy")
        .arg(plan.path("deploy.toml"))
        .args(options);
    finished(&command.output().unwrap())
}

#[test]
fn a_secret_reaches_its_task_and_nothing_that_is_shown() {
    for options in [&["-vv"][..], &["-o", "json", "--diff"]] {
        let (port, served) = echo();
        let plan = plan(port, r#"token = "chat","#);
        let run = deploy(&plan, options).status(0);
        let sent = served.join().unwrap();
        assert!(sent.contains(&format!("Bearer {TOKEN}\r\n")), "{sent}");
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(!shown.contains("correct horse"), "{shown}");
        assert!(shown.contains("Bearer ***"), "{shown}");
        assert!(shown.contains("secret:chat"), "{shown}");
        assert!(shown.contains(&format!("net:localhost:{port}")), "{shown}");
    }
}

#[test]
fn in_mode_check_it_is_shown_by_its_name() {
    let run = deploy(&plan(9, r#"token = "chat","#), &["--check", "-v"]).status(0);
    let shown = format!("{}{}", run.stdout, run.stderr);
    assert!(shown.contains("secret:chat"), "{shown}");
    assert!(!shown.contains("correct horse"), "{shown}");
}

#[test]
fn a_plan_names_only_secrets_that_it_has() {
    deploy(&plan(9, r#"token = "chta","#), &[])
        .status(1)
        .stderr_has(&["the plan has no secret `chta`", "did you mean `chat`?"]);
    let run = plan(9, r#"token = "chat","#).deploy(&[]);
    run.status(1)
        .stderr_has(&["the environment has no variable `CHAT_TOKEN`"]);
}

#[test]
fn who_was_not_granted_a_secret_does_not_get_it() {
    let module = example("webhook");
    let call =
        |name: &str| format!(r#"run({{to: "a:1", token: some("{name}"), text: ""}}, check)"#);
    let run = |name: &str, options: &[&str]| {
        let mut command = zymogen();
        command
            .env("CHAT_TOKEN", TOKEN)
            .args(["call", "local", &module, &call(name)])
            .args(options);
        finished(&command.output().unwrap())
    };
    run("chat", &[])
        .status(3)
        .stdout_has(&["denied"])
        .stderr_has(&["--secret chat="]);
    let chat = ["--secret", "chat=env:CHAT_TOKEN"];
    run("chat", &chat).status(0);
    run("other", &chat)
        .status(3)
        .stdout_has(&["denied", "granted: secret:chat"]);
}
