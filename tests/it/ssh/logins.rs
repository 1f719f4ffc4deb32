//! All the ways to log in: keys, agents, certificates, passwords, by the command line and by ssh's own configuration.

use super::server::{Server, kill, make_key, succeed};
use super::user::User;
use super::{call, called, unreachable};
use crate::support::{example, finished, zymogen};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[test]
fn a_key() {
    let server = Server::new();
    called(&server.root(""), &[]);
    // And one that is in no file of the server's.
    make_key(Path::new(&server.at("other")), "");
    let spec = server.way("root", &format!("identity={}", server.at("other")));
    unreachable(
        &spec,
        &[],
        &[
            &format!("ssh:root@127.0.0.1:{}: authenticate: ", server.port),
            "Permission denied (publickey)",
            "is not accepted",
            "?identity=PATH",
        ],
    );
    // One that others may read is not even tried.
    let key = server.key();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    unreachable(&server.root(""), &[], &["authenticate: ", "chmod 600"]);
}

/// An agent that holds a server's key, instead of the file.
struct Agent(Child, String);

impl Agent {
    fn new(server: &Server) -> Self {
        let socket = server.at("agent");
        let mut agent = Command::new("ssh-agent");
        agent.args(["-D", "-a", &socket]).stdout(Stdio::null());
        let agent = agent.stdin(Stdio::null()).spawn().unwrap();
        let start = std::time::Instant::now();
        while !Path::new(&socket).exists() {
            assert!(start.elapsed() < crate::forest::SOON, "no agent");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        succeed(
            Command::new("ssh-add")
                .args(["-q", &server.key()])
                .env("SSH_AUTH_SOCK", &socket),
        );
        fs::remove_file(server.key()).unwrap();
        Self(agent, socket)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        kill(self.0.id());
        let _ = self.0.wait();
    }
}

#[test]
fn an_agent() {
    let server = Server::new();
    let agent = Agent::new(&server);
    server.client("config", "IdentitiesOnly no");
    let spec = server.way("root", "host-key=enforce");
    called(&spec, &[("SSH_AUTH_SOCK", &agent.1)]);
    unreachable(&spec, &[], &["authenticate: ", "Permission denied"]);
}

#[test]
fn a_certificate() {
    let server = Server::with("TrustedUserCAKeys @/ca.pub\nAuthorizedKeysFile none");
    for name in ["ca", "signed"] {
        make_key(Path::new(&server.at(name)), "");
    }
    let spec = server.way("root", &format!("identity={}", server.at("signed")));
    unreachable(&spec, &[], &["authenticate: "]);
    succeed(
        Command::new("ssh-keygen")
            .args(["-q", "-s", &server.at("ca"), "-I", "me", "-n", "root"])
            .arg(server.at("signed.pub")),
    );
    called(&spec, &[]);
    assert!(server.logged("ED25519-CERT") > 0);
}

#[test]
fn a_jump_host_of_the_configuration_or_of_the_command_line() {
    let (bastion, inner) = (Server::new(), Server::new());
    let known = |server: &Server| fs::read_to_string(server.at("known_hosts")).unwrap();
    let both = format!("{}{}", known(&bastion), known(&inner));
    bastion.write("known_hosts", &both);
    let hosts = format!(
        "Host bastion\nHostName 127.0.0.1\nPort {}\nUser root\nIdentityFile {}\n\
         Host inner\nHostName 127.0.0.1\nPort {}\nUser root\nIdentityFile {}\nProxyJump bastion\n",
        bastion.port,
        bastion.key(),
        inner.port,
        inner.key(),
    );
    let config = bastion.client("config", &hosts);
    called(&format!("ssh:inner?config={config}"), &[]);
    assert_eq!((bastion.logins(), inner.logins()), (1, 1));
    let spec = inner
        .root("&jump=bastion")
        .replace(&inner.at("config"), &config);
    called(&spec, &[]);
    assert_eq!((bastion.logins(), inner.logins()), (2, 2));
    // The slave is on the inner one only.
    assert_eq!((bastion.cached().len(), inner.cached().len()), (0, 1));
}

/// A server that takes passwords, and a user who has one.
fn with_password() -> (Server, User) {
    let server = Server::with("PasswordAuthentication yes");
    (server, User::new("/bin/sh", "correct horse"))
}

#[test]
fn a_password() {
    let (server, user) = with_password();
    let spec = server.way(&user.name, "password=env:ZYMOGEN_TEST_PASSWORD");
    let with = |password| [("ZYMOGEN_TEST_PASSWORD", password)];
    called(&spec, &with("correct horse"));
    // The slave is that user's, who may not write into root's cache.
    assert!(user.home.path().join(".cache/zymogen").exists());
    assert_eq!(server.cached().len(), 0);
    let hop = format!("ssh:{}@127.0.0.1:{}", user.name, server.port);
    let wrong = unreachable(
        &spec,
        &with("battery staple"),
        &[&format!("{hop}: authenticate: "), "Permission denied"],
    );
    assert!(!wrong.stderr.contains("battery staple"), "{}", wrong.stderr);
    // It was tried once, so that nobody is locked out.
    assert_eq!(server.logged("Failed password"), 1);
    // Before any host was touched.
    let missing = call(&spec, &[]).status(1);
    missing.stderr_has(&["no variable `ZYMOGEN_TEST_PASSWORD`"]);
    unreachable(
        &server.way(&user.name, "host-key=enforce"),
        &[],
        &["authenticate: ", "Permission denied", "password=ask"],
    );
    let file = server.write("password", "correct horse\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let spec = server.way(&user.name, &format!("password=file:{file}"));
    called(&spec, &[]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    call(&spec, &[]).status(1).stderr_has(&["chmod 600"]);
}

#[test]
fn a_password_that_the_servers_pam_asks_for() {
    let server = Server::with("UsePAM yes\nKbdInteractiveAuthentication yes");
    let user = User::new("/bin/sh", "correct horse");
    let spec = server.way(&user.name, "password=env:ZYMOGEN_TEST_PASSWORD");
    for spec in [&spec, &format!("{spec}&passphrase=env:HOME")] {
        called(spec, &[("ZYMOGEN_TEST_PASSWORD", "correct horse")]);
    }
    assert_eq!(server.logged("Accepted keyboard-interactive/pam"), 2);
    let hop = format!("ssh:{}@127.0.0.1:{}", user.name, server.port);
    unreachable(
        &spec,
        &[("ZYMOGEN_TEST_PASSWORD", "battery staple")],
        &[&format!("{hop}: authenticate: "), "Permission denied"],
    );
    assert_eq!(server.logged("PAM: Authentication failure"), 1);
}

#[test]
fn a_password_is_not_told_to_a_machine_on_the_way_that_asks_for_another_user() {
    let (bastion, inner) = (with_password(), with_password());
    let known = |server: &Server| fs::read_to_string(server.at("known_hosts")).unwrap();
    let both = format!("{}{}", known(&bastion.0), known(&inner.0));
    inner.0.write("known_hosts", &both);
    let hosts = format!(
        "Host bastion\nHostName 127.0.0.1\nPort {}\nUser {}\n\
         Host inner\nHostName 127.0.0.1\nPort {}\nProxyJump bastion\n",
        bastion.0.port, bastion.1.name, inner.0.port,
    );
    let config = inner.0.client("config", &hosts);
    let spec = format!(
        "ssh:{}@inner?config={config}&password=env:ZYMOGEN_TEST_PASSWORD",
        inner.1.name
    );
    let asked = format!(
        "authenticate: it asks `{}@127.0.0.1's password:`, and was given no answer",
        bastion.1.name
    );
    unreachable(
        &spec,
        &[("ZYMOGEN_TEST_PASSWORD", "correct horse")],
        &[&asked, "this is not how `ssh` asks"],
    );
    assert_eq!(bastion.0.logged("password for"), 0);
}

#[test]
fn a_password_that_nobody_can_be_asked_for() {
    let (server, user) = with_password();
    let mut command = Command::new("setsid");
    let program = zymogen();
    let spec = server.way(&user.name, "password=ask");
    command.arg("-w").arg(program.get_program());
    command.args(["call", &spec, &example("calculator"), "nop()"]);
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.stdin(Stdio::null());
    let run = finished(&command.output().unwrap()).status(1);
    run.stderr_has(&["there is no terminal to ask at"]);
}

#[test]
fn a_key_with_a_passphrase() {
    let server = Server::new();
    make_key(Path::new(&server.at("locked")), "open sesame");
    let authorized = fs::read_to_string(server.at("locked.pub")).unwrap();
    server.write("authorized_keys", &authorized);
    let identity = format!("identity={}", server.at("locked"));
    let with = server.way(
        "root",
        &format!("{identity}&passphrase=env:ZYMOGEN_TEST_PHRASE"),
    );
    called(&with, &[("ZYMOGEN_TEST_PHRASE", "open sesame")]);
    unreachable(
        &with,
        &[("ZYMOGEN_TEST_PHRASE", "open says me")],
        &["authenticate: ", "Permission denied"],
    );
    unreachable(
        &server.way("root", &identity),
        &[],
        &["authenticate: ", "Permission denied"],
    );
    // A password is no passphrase: it is not even typed.
    let password = server.way(
        "root",
        &format!("{identity}&password=env:ZYMOGEN_TEST_PHRASE"),
    );
    unreachable(
        &password,
        &[("ZYMOGEN_TEST_PHRASE", "open sesame")],
        &[
            "authenticate: it asks `Enter passphrase for key",
            "?passphrase=env:NAME",
        ],
    );
}

#[test]
fn the_hosts_key() {
    let server = Server::new();
    let known = fs::read_to_string(server.at("known_hosts")).unwrap();
    let hop = format!("ssh:root@127.0.0.1:{}", server.port);
    let unknown = format!("{hop}: authenticate: ");
    // Unknown: only who says so accepts it, and then it is known.
    server.write("known_hosts", "");
    let spec = |policy: &str| server.root(policy);
    for policy in ["", "&host-key=enforce", "&password=env:HOME"] {
        let verified = "key is not known yet: connect once by hand";
        unreachable(
            &spec(policy),
            &[],
            &[&unknown, verified, "host-key=accept-new"],
        );
    }
    called(&spec("&host-key=ignore"), &[]);
    assert_eq!(fs::read_to_string(server.at("known_hosts")).unwrap(), "");
    called(&spec("&host-key=accept-new"), &[]);
    called(&spec("&host-key=enforce"), &[]);
    // Changed: nobody who looks at it accepts it.
    make_key(Path::new(&server.at("impostor")), "");
    let impostor = fs::read_to_string(server.at("impostor.pub")).unwrap();
    let (address, _) = known.split_once(' ').unwrap();
    server.write("known_hosts", &format!("{address} {impostor}"));
    for policy in ["", "&host-key=enforce", "&host-key=accept-new"] {
        let run = call(&spec(policy), &[]).status(4);
        run.stderr_has(&[&unknown, "Host key verification failed", "ssh-keygen -R"]);
    }
    called(&spec("&host-key=ignore"), &[]);
}
