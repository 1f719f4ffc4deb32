//! Grants as a person writes and reads them, and what they cover.

#[path = "support/rng.rs"]
mod rng;

use proto::message::Secret;
use proto::policy::{Address, Callee, Exec, Grant, Host, Input, normal_path};
use proto::{Access, Digest, Policy};
use rng::Rng;

#[test]
fn a_path_has_one_normal_form_or_none() {
    for (path, normal) in [
        ("/", "/"),
        ("//", "/"),
        ("/.", "/"),
        ("/srv/app", "/srv/app"),
        ("/srv/app/", "/srv/app"),
        ("/srv//app/./conf", "/srv/app/conf"),
        ("/...", "/..."),
    ] {
        assert_eq!(normal_path(path).as_deref(), Some(normal), "{path}");
    }
    for path in ["", "srv", "./srv", "/srv/../etc", "/..", "/a\0b"] {
        assert_eq!(normal_path(path), None, "{path:?}");
    }
}

#[test]
fn a_granted_path_is_normal_however_it_was_written() {
    let grant: Grant = "write:/srv//app/./".parse().expect("a grant");
    assert_eq!(grant, Grant::Write("/srv/app".to_owned()));
    let policy = Policy {
        grants: vec![grant],
    };
    assert_eq!(
        policy.covering("/srv/app/conf", Access::Write),
        Some("/srv/app")
    );
    assert_eq!(policy.covering("/srv/apple", Access::Read), None);
}

#[test]
fn a_path_that_climbs_or_is_relative_is_no_grant() {
    for text in [
        "read:/srv/../etc",
        "write:/srv/..",
        "read:srv",
        "write:",
        "read:./x",
    ] {
        assert!(text.parse::<Grant>().is_err(), "{text}");
    }
}

fn exec(argv: &[&str]) -> Exec {
    Exec::new(argv.iter().map(|&word| word.to_owned()).collect())
}

fn may(grant: &str, wanted: &Exec) -> bool {
    let grants = vec![grant.parse().expect("a grant")];
    Policy { grants }.may_execute(wanted)
}

#[test]
fn a_grant_to_execute_binds_all_that_decides_what_happens() {
    let wanted = exec(&["git", "pull"]);
    assert!(may("exec:git pull", &wanted));
    assert!(!may("exec:git", &wanted));
    assert!(!may("exec:git pull --force", &wanted));
    let set = |name: &str| Exec {
        env: vec![(name.to_owned(), "x".to_owned())],
        ..wanted.clone()
    };
    assert!(!may("exec:git pull", &set("GIT_SSH_COMMAND")));
    assert!(!may("exec:git pull *", &set("PATH")));
    assert!(may("exec:LANG=x git pull", &set("LANG")));
    // Without it the command is another one, too.
    assert!(!may("exec:LANG=x git pull", &wanted));
    assert!(!may("exec:LANG=y git pull", &set("LANG")));
    let elsewhere = Exec {
        cwd: "/srv/app".to_owned(),
        ..wanted.clone()
    };
    assert!(!may("exec:git pull", &elsewhere));
    assert!(may("exec:-C /srv//app/ git pull", &elsewhere));
    let fed = Exec {
        input: Input::This(Digest([7; 32])),
        ..wanted
    };
    assert!(!may("exec:git pull", &fed));
    assert!(!may("exec:git pull *", &fed));
    assert!(may("exec:git pull <*", &fed));
    assert!(may("exec:git * <*", &fed));
}

#[test]
fn only_a_bare_star_at_the_end_of_a_written_grant_is_a_wildcard() {
    let copy = exec(&["rsync", "-a", "/etc/shadow", "evil:"]);
    assert!(may("exec:rsync -a *", &copy));
    assert!(may("exec:rsync *", &exec(&["rsync"])));
    for literal in ["exec:rsync -a '*'", "exec:rsync -a \\*", "exec:rsync * -a"] {
        assert!(!may(literal, &copy), "{literal}");
    }
    // From a plan, where nobody parses anything.
    for argv in [&["rsync", "-a", "*"][..], &["*"]] {
        let granted = Policy {
            grants: vec![Grant::Exec(exec(argv))],
        };
        assert!(granted.may_execute(&exec(argv)), "{argv:?}");
        assert!(!granted.may_execute(&copy), "{argv:?}");
    }
}

#[test]
fn what_is_no_command_is_no_grant() {
    for text in [
        "exec:",
        "exec:*",
        "exec:<*",
        "exec:''",
        "exec:LANG=C",
        "exec:-C /srv",
        "exec:-C srv make",
        "exec:-C /srv/.. make",
        "exec:./run",
        "exec:bin/run",
        "exec:echo 'open",
        "exec:echo \\",
    ] {
        assert!(text.parse::<Grant>().is_err(), "{text}");
    }
}

#[test]
fn a_grant_reads_back_as_it_was_written() {
    for text in [
        "exec:df -h",
        "exec:-C /srv/app make all *",
        "exec:tee /etc/motd <*",
        "exec:sh -c 'echo \"a  b\" | cat' '*' '' 'it'\\''s' '<*' 'a,b' *",
        "exec:'A=B' A=B",
        "exec:'-C' -C",
        "read:/etc/hosts",
        "read:'/a, write:/b'",
        "net:127.0.0.1:80",
        "net:[fe80::1%2]:80",
        "net:db-1.example.com:5432",
        "net:[::1]:*",
        "net:10.0.0.1:*",
        "net:db:*",
        "system",
    ] {
        let grant: Grant = text.parse().expect(text);
        assert_eq!(grant.to_string(), text);
    }
    // Paths need not be quoted where they are written.
    let plain: Grant = "read:/a, write:/b".parse().expect("a grant");
    assert_eq!(plain.to_string(), "read:'/a, write:/b'");
    for text in [
        "read:'/a",
        "read:'/a' b",
        "read:'a'",
        "write:''",
        "read:\"/a\"/..",
    ] {
        assert!(text.parse::<Grant>().is_err(), "{text}");
    }
    let secret: Grant = "exec:TOKEN=secret curl".parse().expect("a grant");
    assert_eq!(secret.to_string(), "exec:TOKEN=… curl");
    let fed = Exec {
        input: Input::This(Digest([7; 32])),
        ..exec(&["sh"])
    };
    assert_eq!(Grant::Exec(fed).to_string(), "exec:sh <07070707");
}

/// What has a meaning somewhere in a grant, and what has none.
const CHARS: [char; 24] = [
    'a', 'B', '7', '/', '.', '-', 'C', '=', '_', '*', '<', ' ', '\t', '\n', '\'', '"', '\\', ',',
    ':', '$', '~', '#', 'ß', '\u{2028}',
];

fn word(rng: &mut Rng) -> String {
    (0..rng.below(6)).map(|_| *rng.pick(&CHARS)).collect()
}

fn path(rng: &mut Rng) -> Option<String> {
    normal_path(&format!("/{}", word(rng)))
}

#[test]
fn whatever_a_grant_shows_it_reads_back() {
    let mut shown = [0; 3];
    for seed in 0..20_000 {
        let mut rng = Rng::new(seed);
        let kind = rng.below(3);
        let grant = match kind {
            0 => path(&mut rng).map(Grant::Read),
            1 => path(&mut rng).map(Grant::Write),
            _ => path(&mut rng).map(|cwd| {
                let words = 1 + rng.below(4);
                Grant::Exec(Exec {
                    argv: (0..words).map(|_| word(&mut rng)).collect(),
                    any_more: rng.percent(50),
                    // Values are not shown.
                    env: Vec::new(),
                    cwd,
                    input: *rng.pick(&[Input::Nothing, Input::Any]),
                })
            }),
        };
        let Some(grant) = grant else { continue };
        if matches!(&grant, Grant::Exec(exec) if !Exec::is_program(&exec.argv[0])) {
            continue;
        }
        shown[kind] += 1;
        let text = grant.to_string();
        assert_eq!(text.parse(), Ok(grant), "{text:?}");
    }
    assert!(shown.iter().all(|times| *times > 2000), "{shown:?}");
}

#[test]
fn an_address_has_a_host_and_a_port() {
    let grant: Grant = "net:DB.Example.com.:80".parse().expect("a grant");
    assert_eq!(
        grant,
        Grant::Net(Address {
            host: Host::Name("db.example.com".to_owned()),
            port: Some(80),
        })
    );
    let long = "a".repeat(64);
    for text in [
        "net:localhost",
        "net:localhost:",
        "net:localhost:+80",
        "net:localhost:65536",
        "net::80",
        "net:*:80",
        "net:*:*",
        "net:localhost:**",
        "net:localhost:80*",
        "net::*",
        "net:a..b:80",
        "net:-a:80",
        "net:a b:80",
        "net:http://a:80",
        "net:127.1:80",
        "net:0x7f000001:80",
        "net:1.2.3.4",
        "net:[::1]",
        "net:::1",
        &format!("net:{long}:80"),
    ] {
        assert!(text.parse::<Grant>().is_err(), "{text}");
    }
}

#[test]
fn what_a_guest_may_ask_the_master_for_is_named() {
    let callee = Callee {
        context: "ssh:db 1".to_owned(),
        module: "./it's.wasm".to_owned(),
    };
    for (grant, text) in [
        (
            Grant::Call(callee.clone()),
            r"call:'ssh:db 1' './it'\''s.wasm'",
        ),
        (Grant::Service("stock".to_owned()), "service:stock"),
        (Grant::Service("a b".to_owned()), "service:'a b'"),
        (Grant::Channel("join".to_owned()), "channel:join"),
    ] {
        assert_eq!(grant.to_string(), text);
        assert_eq!(text.parse(), Ok(grant), "{text}");
    }
    for text in [
        "call:",
        "call:ssh:db1",
        "call:a b c",
        "call:'a b",
        "call:'' b",
        "service:",
        "channel:",
        "channel:''",
    ] {
        assert!(text.parse::<Grant>().is_err(), "{text}");
    }
    let policy = Policy {
        grants: vec![Grant::Call(callee.clone())],
    };
    assert!(policy.may_call(&callee) && policy.asks());
    let other = Callee {
        module: "other".to_owned(),
        ..callee
    };
    assert!(!policy.may_call(&other));
    assert!(!policy.may_use_service("ssh:db 1") && !policy.may_use_channel("join"));
    let nothing = Policy {
        grants: vec![Grant::System],
    };
    assert!(!nothing.asks());
}

#[test]
fn a_secret_is_shown_by_its_name_alone() {
    let grant = Grant::Secret("token".to_owned(), Secret("hunter2".to_owned()));
    assert_eq!(grant.to_string(), "secret:token");
    let policy = Policy {
        grants: vec![grant],
    };
    let shown = format!("{policy:?} {}", policy.summary());
    assert!(!shown.contains("hunter2"), "{shown}");
    let value = |name| policy.secret(name).map(|secret| secret.0.as_str());
    assert_eq!(value("token"), Some("hunter2"));
    assert_eq!(value("other"), None);
    assert!("secret:token".parse::<Grant>().is_err());
}
