//! Many hosts at once, some of which are slow or not there.

use crate::support::{Plan, finished, zymogen};
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

/// Names for the same place: a way with more and more dots.
fn hosts(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| format!("chroot:/{}", "./".repeat(n)))
        .collect()
}

#[test]
fn two_hundred_hosts_do_not_wait_for_the_ones_that_are_slow() {
    let mut hosts = hosts(200);
    hosts.insert(0, "docker:slow".to_owned());
    hosts.insert(1, "docker:dead".to_owned());
    let mut text = "[plan]\nhosts = [".to_owned();
    for host in &hosts {
        write!(text, "\"{host}\", ").unwrap();
    }
    text.push_str("]\n[[task]]\ncommand = { argv = [\"true\"] }\n");
    let plan = Plan::new(&text);
    // A way that says nothing for as long as it is given, and one that ends at once.
    let docker = plan.file(
        "docker",
        "#!/bin/sh\ncase \"$*\" in *slow*) exec sleep 600 ;; esac\necho 'Error: No such container: dead' >&2; exit 1\n",
    );
    std::fs::set_permissions(docker, PermissionsExt::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let begun = Instant::now();
    let output = zymogen()
        .env(
            "PATH",
            format!("{}:{path}", plan.directory.path().display()),
        )
        .arg("deploy")
        .arg(plan.path("deploy.toml"))
        .args(["-f", "50", "-o", "json", "--connect-timeout", "60s"])
        .output()
        .unwrap();
    let run = finished(&output).status(4);
    let events = run.json();
    let ended: Vec<_> = events
        .iter()
        .filter(|it| it["event"] == "host_finished")
        .collect();
    assert_eq!(ended.len(), 202);
    let done = ended.iter().filter(|it| it["status"] == "done").count();
    assert_eq!(
        done,
        200,
        "{:?}",
        ended.iter().find(|it| it["status"] != "done")
    );
    // The slow one is the last of all: nobody waited for it.
    assert_eq!(ended[201]["host"], "docker:slow");
    let error = ended[201]["error"].as_str().unwrap();
    assert!(
        error.contains("docker:slow: first stage: timed out after 60 s"),
        "{error}"
    );
    let dead = ended.iter().find(|it| it["host"] == "docker:dead").unwrap();
    assert!(
        dead["error"]
            .as_str()
            .unwrap()
            .starts_with("docker:dead: resolve: "),
        "{dead}"
    );
    assert!(
        dead["hint"]
            .as_str()
            .unwrap()
            .contains("there is no such container"),
        "{dead}"
    );
    assert!(begun.elapsed() < Duration::from_secs(180));
}
