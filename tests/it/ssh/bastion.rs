//! Chains through a bastion: it is started once for all behind it, fails for all of them at once, and learns no password but
//! its own.

use super::server::{Server, kill, make_key};
use super::user::User;
use super::{called, unreachable};
use crate::forest::{add, guests, master, until};
use futures_util::future::join_all;
use host::connect::ContextSpec;
use host::master::CallResult;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wasmtime::component::Val;

fn three() -> CallResult {
    CallResult::Returned(Some(Val::S32(3)))
}

#[test]
fn through_a_bastion_to_an_inner_machine_and_another_user_there() {
    let (bastion, inner) = (Server::new(), Server::new());
    // The bastion's own client has to know the inner one: its files are on this machine, too.
    let user = User::new("/bin/sh", "");
    let spec = format!("{},{},sudo:{}", bastion.root(""), inner.root(""), user.name);
    called(&spec, &[]);
    assert_eq!((bastion.logins(), inner.logins()), (1, 1));
    // Without what leads to the inner machine the bastion alone is of no use, and the error says which one it was.
    make_key(Path::new(&bastion.at("other")), "");
    let denied = inner.way("root", &format!("identity={}", bastion.at("other")));
    let (outer, port) = (bastion.port, inner.port);
    let hop = format!("ssh:root@127.0.0.1:{outer},ssh:root@127.0.0.1:{port}: authenticate: ");
    let spec = format!("{},{denied},sudo", bastion.root(""));
    unreachable(&spec, &[], &[&hop, "Permission denied"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_behind_a_bastion_share_it() {
    let bastion = Server::new();
    let master = master();
    let guests = guests(&master);
    let spec: ContextSpec = format!("{},local", bastion.root("")).parse().unwrap();
    let connects = (0..3).map(|_| master.connect(&spec));
    let contexts: Vec<_> = join_all(connects)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(bastion.logins(), 1);
    for context in &contexts {
        assert_eq!(add(context, &guests.calculator, 1, 2).await, three());
    }
    // It lives as long as somebody needs it.
    for context in contexts {
        assert_eq!(bastion.sessions().len(), 1);
        context.shutdown().await;
    }
    until("the bastion's end", async || bastion.sessions().is_empty()).await;
    // And is started again for whoever comes later.
    let again = master.connect(&spec).await.unwrap();
    assert_eq!(bastion.logins(), 2);
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bastion_that_dies_takes_those_behind_it_and_comes_back() {
    let bastion = Server::new();
    let master = master();
    let guests = guests(&master);
    let spec: ContextSpec = format!("{},local", bastion.root("")).parse().unwrap();
    let first = master.connect(&spec).await.unwrap();
    let second = master.connect(&spec).await.unwrap();
    for session in bastion.sessions() {
        kill(session);
    }
    first.gone().await;
    second.gone().await;
    let dead = add(&first, &guests.calculator, 1, 2).await;
    assert!(matches!(dead, CallResult::Dead(_)), "{dead:?}");
    // While those that are gone are still held.
    let third = master.connect(&spec).await.unwrap();
    assert_eq!(add(&third, &guests.calculator, 1, 2).await, three());
    assert_eq!(bastion.logins(), 2);
    third.shutdown().await;
}

/// Something that takes connections and ends each after a while, and how many there were.
fn dying(after: Duration) -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicU64::new(0));
    let counting = count.clone();
    thread::spawn(move || {
        for client in listener.incoming() {
            counting.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || {
                let _open = client;
                thread::sleep(after);
            });
        }
    });
    (port, count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_bastion_fails_all_who_wait_for_it_at_once() {
    let after = Duration::from_secs(1);
    let (port, connections) = dying(after);
    let master = master();
    let begun = Instant::now();
    let specs: Vec<ContextSpec> = (0..20)
        .map(|number| {
            let inner = format!("docker:number{number}");
            let bastion = format!("ssh:127.0.0.1:{port}?config=/dev/null&host-key=ignore");
            format!("{bastion},{inner}").parse().unwrap()
        })
        .collect();
    let errors = join_all(specs.iter().map(|spec| master.connect(spec))).await;
    for error in errors {
        let error = error.map(|_| ()).unwrap_err();
        assert_eq!(error.hop, format!("ssh:127.0.0.1:{port}"));
        assert_eq!(error.phase, connect::Phase::Resolve, "{error}");
        assert!(error.hint.is_some(), "{error}");
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    assert!(begun.elapsed() < after * 5, "{:?}", begun.elapsed());
    // Whoever comes later tries again.
    assert!(master.connect(&specs[0]).await.is_err());
    assert_eq!(connections.load(Ordering::Relaxed), 2);
}

/// Programs in front of the real ones on a bastion: each notes what it was given, and asks for a password as the real one.
struct Spies<'a>(&'a Server);

impl Spies<'_> {
    fn program(&self, name: &str, script: &str) {
        let path = self.0.write(&format!("spies/{name}"), script);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn noted(&self, name: &str) -> String {
        fs::read_to_string(self.0.at(&format!("notes/{name}"))).unwrap()
    }
}

#[test]
fn a_password_reaches_its_hop_and_no_other() {
    let server = Server::with(
        "PasswordAuthentication yes\nSetEnv PATH=@/spies:/usr/sbin:/usr/bin:/sbin:/bin",
    );
    let spies = Spies(&server);
    for (name, mode) in [("spies", 0o755), ("notes", 0o777)] {
        fs::create_dir(server.at(name)).unwrap();
        fs::set_permissions(server.at(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let note =
        "{ printf '%s\\n' \"$@\"; env; tr '\\0' '\\n' < /proc/$PPID/environ; } > @/notes/NAME\n";
    // ssh asks at its terminal, and runs its last argument as a login shell would.
    spies.program(
        "ssh",
        &format!(
            "#!/bin/sh\n{}\
             printf \"you@inner's password: \" > /dev/tty; read -r it < /dev/tty\n\
             echo \"typed $it\" >> @/notes/ssh\n\
             for command; do :; done; exec sh -c \"$command\"\n",
            note.replace("NAME", "ssh")
        ),
    );
    // sudo asks on its streams, and runs what follows `--`.
    spies.program(
        "sudo",
        &format!(
            "#!/bin/sh\n{}\
             printf '[zymogen] password:' >&2; read -r it; echo \"typed $it\" >> @/notes/sudo\n\
             while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"\n",
            note.replace("NAME", "sudo")
        ),
    );
    let user = User::new("/bin/sh", "for the bastion");
    let spec = format!(
        "{},ssh:inner?password=env:ZYMOGEN_TEST_INNER,sudo?password=env:ZYMOGEN_TEST_SUDO",
        server.way(&user.name, "password=env:ZYMOGEN_TEST_BASTION"),
    );
    let passwords = [
        ("ZYMOGEN_TEST_BASTION", "for the bastion"),
        ("ZYMOGEN_TEST_INNER", "for the inner one"),
        ("ZYMOGEN_TEST_SUDO", "for sudo alone"),
    ];
    called(&spec, &passwords);
    for (name, own) in [("ssh", "for the inner one"), ("sudo", "for sudo alone")] {
        let noted = spies.noted(name);
        assert!(noted.contains(&format!("typed {own}\n")), "{name}: {noted}");
        assert_eq!(noted.matches(own).count(), 1, "{name}: {noted}");
        for (variable, password) in passwords {
            assert!(!noted.contains(variable), "{name}: {noted}");
            assert!(
                password == own || !noted.contains(password),
                "{name}: {noted}"
            );
        }
    }
}
