//! Grants as a person writes and reads them, and what they cover.

use proto::policy::{Exec, Grant, Input, normal_path};
use proto::{Access, Digest, Policy};

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
        "system",
    ] {
        // Paths are not quoted where they are written.
        let text_in = text.replace("read:'/a, write:/b'", "read:/a, write:/b");
        let grant: Grant = text_in.parse().expect(text);
        assert_eq!(grant.to_string(), text);
    }
    let secret: Grant = "exec:TOKEN=secret curl".parse().expect("a grant");
    assert_eq!(secret.to_string(), "exec:TOKEN=… curl");
    let fed = Exec {
        input: Input::This(Digest([7; 32])),
        ..exec(&["sh"])
    };
    assert_eq!(Grant::Exec(fed).to_string(), "exec:sh <07070707");
}
