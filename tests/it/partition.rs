//! A network that breaks under a connection: a machine with an address of its own, in a network namespace, and the link to it.

use crate::forest::{Guests, add, guests, master_with, until_within};
use crate::ssh::server::{Server, succeed};
use crate::support::{Plan, Run, finished, zymogen};
use host::connect::ContextSpec;
use host::master::{CallResult, Options};
use proto::message::{DeadReason, Down};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use wasmtime::component::Val;

const HEARTBEAT: Duration = Duration::from_secs(2);
/// What two processors that others use may take longer.
const MARGIN: Duration = Duration::from_secs(8);

/// A network of two: this machine, and a namespace in which an sshd listens. Both see the same files.
struct Net {
    name: String,
    link: String,
    server: Option<Server>,
}

impl Net {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = std::process::id() * 4 + NEXT.fetch_add(1, Ordering::Relaxed);
        let [_, _, high, low] = number.to_be_bytes();
        let (name, link) = (format!("zymogen{number}"), format!("zy{number}"));
        // From 198.18.0.0/15, which is for tests of networks (RFC 2544).
        let net = format!("198.{}.{high}", 18 + (low & 1));
        let (here, there) = (
            format!("{net}.{}/30", (low & 0xfc) + 1),
            format!("{net}.{}", (low & 0xfc) + 2),
        );
        let ip = |arguments: &str| {
            succeed(Command::new("ip").args(arguments.split(' ')));
        };
        ip(&format!("netns add {name}"));
        ip(&format!(
            "link add {link} type veth peer name eth0 netns {name}"
        ));
        ip(&format!("addr add {here} dev {link}"));
        ip(&format!("link set {link} up"));
        ip(&format!("-n {name} addr add {there}/30 dev eth0"));
        ip(&format!("-n {name} link set eth0 up"));
        ip(&format!("-n {name} link set lo up"));
        let server = Some(Server::in_namespace(&name, &there));
        Self { name, link, server }
    }

    fn set(&self, state: &str) {
        succeed(Command::new("ip").args(["link", "set", &self.link, state]));
    }

    fn host(&self) -> String {
        self.server.as_ref().unwrap().root("")
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.server = None;
        // The link goes with it.
        let _ = Command::new("ip")
            .args(["netns", "del", &self.name])
            .status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_when_the_network_breaks_and_the_host_can_be_reached_again() {
    let net = Net::new();
    let master = master_with(Options {
        heartbeat: HEARTBEAT,
        ..Options::default()
    });
    let Guests {
        calculator,
        misbehave,
    } = guests(&master);
    let spec: ContextSpec = net.host().parse().unwrap();
    let context = master.connect(&spec).await.unwrap();
    let answer = add(&context, &calculator, 1, 2).await;
    assert_eq!(answer, CallResult::Returned(Some(Val::S32(3))));
    let call = crate::forest::call(&context, &misbehave, "spin", &[], 60_000);
    let cut = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        net.set("down");
        Instant::now()
    };
    let (outcome, cut) = tokio::join!(call, cut);
    assert!(cut.elapsed() < HEARTBEAT + MARGIN, "{:?}", cut.elapsed());
    let CallResult::Dead(dead) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        matches!(dead.reason, DeadReason::LinkDown(Down::Silent(_))),
        "{dead:?}"
    );
    net.set("up");
    let again = master.connect(&spec).await.unwrap();
    let answer = add(&again, &calculator, 1, 2).await;
    assert_eq!(answer, CallResult::Returned(Some(Val::S32(3))));
    again.shutdown().await;
    drop(context);
    until_within(MARGIN, "nothing is left", async || {
        master.contexts().is_empty()
    })
    .await;
}

/// Deploys to that host, and breaks the network once the long task runs there.
fn deploy(net: &Net, options: &[&str]) -> Run {
    let plan = Plan::new(&format!(
        r#"
[plan]
hosts = ["{}"]

[[task]]
name = "the long one"
command = {{ argv = ["sh", "-c", "test -e @/begun || {{ mkdir @/begun && exec sleep 87; }}"], timeout-ms = 80000 }}
"#,
        // An `@` stands for the plan's directory.
        net.host().replace('@', "%40")
    ));
    let child = zymogen()
        .arg("deploy")
        .arg(plan.path("deploy.toml"))
        .args(["--heartbeat", "2s"])
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
    net.set("down");
    if !options.is_empty() {
        std::thread::sleep(HEARTBEAT * 2);
        net.set("up");
    }
    finished(&child.wait_with_output().unwrap())
}

#[test]
fn a_host_behind_a_broken_network_is_lost_with_its_task() {
    let net = Net::new();
    let run = deploy(&net, &[]).status(4);
    run.stdout_has(&["lost", "nobody knows the outcome of task 1, the long one"])
        .stdout_has(&["nothing was heard for 2 s"]);
}

#[test]
fn it_goes_on_once_the_network_is_mended() {
    let net = Net::new();
    let run = deploy(&net, &["--retries", "5", "-o", "json"]).status(0);
    let events = run.json();
    let retried: Vec<_> = events
        .iter()
        .filter(|it| it["event"] == "host_retrying")
        .collect();
    assert!(!retried.is_empty());
    assert_eq!(retried[0]["unknown"]["task"], "the long one");
}
