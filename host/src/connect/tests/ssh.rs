//! What becomes of `ssh:...`.

use super::{ContextSpec, command, launched, refused};
use connect::{Bandwidth, Stdio};

/// What every connection says, and what one says that may not ask.
const ALWAYS: &str = "ssh -T -o RemoteCommand=none -o ClearAllForwardings=yes -o ControlPersist=60";
const SILENT: &str = "-o BatchMode=yes";

/// The words of the command line between what every connection says and the first stage's.
fn words(text: &str) -> String {
    let command = command(text);
    let rest = command.strip_prefix(ALWAYS).expect(&command);
    let (words, _) = rest.split_once(" exec sh -c '").expect(&command);
    words.trim_start().to_owned()
}

#[test]
fn a_host_alone() {
    let expected = format!("{SILENT} -- web1");
    assert_eq!(words("ssh:web1"), expected);
    let launch = launched("ssh:web1");
    assert_eq!(
        (launch.stdio, launch.bandwidth),
        (Stdio::Pipe, Bandwidth::Dear)
    );
    assert_eq!(launch.hop, "ssh:web1");
}

#[test]
fn users_ports_and_addresses() {
    for (text, expected) in [
        ("ssh:me@web1", "-l me -- web1"),
        ("ssh:web1:2222", "-p 2222 -- web1"),
        ("ssh:me@web1:2222", "-p 2222 -l me -- web1"),
        ("ssh:me@corp@web1", "-l me@corp -- web1"),
        ("ssh:::1", "-- ::1"),
        ("ssh:[fe80::1]:22", "-p 22 -- fe80::1"),
        ("ssh:[::1]", "-- ::1"),
    ] {
        assert_eq!(words(text), format!("{SILENT} {expected}"), "{text}");
    }
    for text in [
        "ssh:-oProxyCommand=x",
        "ssh:me@-x",
        "ssh:@web1",
        "ssh:web1:0",
        "ssh:web1:x",
    ] {
        refused(text);
    }
    for text in [
        "ssh:[::1]x",
        "ssh:[::1]:",
        "ssh:[::1",
        "ssh:[-x]",
        "ssh:web1:99999",
    ] {
        assert!(refused(text).contains("is no host"), "{text}");
    }
    assert!(refused("ssh").contains("it needs a host"));
}

#[test]
fn options() {
    for (text, expected) in [
        (
            "ssh:h?identity=/k",
            "-o BatchMode=yes -o IdentitiesOnly=yes -i /k -- h",
        ),
        (
            "ssh:h?config=/c&jump=a%2Cb",
            "-o BatchMode=yes -F /c -J a,b -- h",
        ),
        (
            "ssh:h?keepalive=5",
            "-o BatchMode=yes -o ServerAliveInterval=5 -- h",
        ),
        (
            "ssh:h?host-key=enforce",
            "-o BatchMode=yes -o StrictHostKeyChecking=yes -- h",
        ),
        (
            "ssh:h?host-key=accept-new",
            "-o BatchMode=yes -o StrictHostKeyChecking=accept-new -- h",
        ),
        (
            "ssh:h?host-key=ignore",
            "-o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
             -o GlobalKnownHostsFile=/dev/null -- h",
        ),
        (
            "ssh:h?multiplex=yes",
            "-o BatchMode=yes -o ControlMaster=auto \
             -o ControlPath=~/.ssh/zymogen-%C -- h",
        ),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
    for text in [
        "ssh:h?host-key=maybe",
        "ssh:h?keepalive=soon",
        "ssh:h?multiplex=1",
    ] {
        assert!(refused(text).contains("is expected"), "{text}");
    }
}

#[test]
fn one_with_a_password_has_a_terminal_and_asks_once() {
    let asks = "-o BatchMode=no -o NumberOfPasswordPrompts=1";
    for (option, more) in [
        ("password", ""),
        // Nobody but ssh itself asks then.
        ("passphrase", " -o KbdInteractiveAuthentication=no"),
        ("passphrase=env:K&password", ""),
    ] {
        let text = format!("ssh:h?{option}=env:P");
        assert_eq!(words(&text), format!("{asks}{more} -- h"));
        assert_eq!(launched(&text).stdio, Stdio::Terminal);
    }
}

/// What answers a question that ssh asks.
fn answered(text: &str, question: &str) -> Option<&'static str> {
    let spec: ContextSpec = text.parse().expect(text);
    let questions = spec.steps()[0].hop().questions().expect("questions");
    let mut answers = questions.answers.into_iter();
    let found = answers.find(|answer| answer.to.iter().any(|form| form.fits(question)));
    found.map(|answer| answer.what)
}

#[test]
fn each_question_has_its_own_answer() {
    let both = "passphrase=env:K&password=env:P";
    let (any, me) = (format!("ssh:h?{both}"), format!("ssh:me@h?{both}"));
    for (question, by_any, by_me) in [
        (
            "\rEnter passphrase for key '/k': ",
            "passphrase",
            "passphrase",
        ),
        ("\rme@h's password: ", "password", "password"),
        ("(me@h) Password: ", "password", "password"),
        (
            "(me@h) Enter passphrase for key '/k': ",
            "password",
            "password",
        ),
        // That of somebody else, such as the machine on the way.
        ("you@bastion's password: ", "password", ""),
        ("(you@bastion) Password: ", "password", ""),
        // A server's own words, in front of which an old client says nothing.
        ("Password: ", "", ""),
        ("Type your passphrase: ", "", ""),
        (
            "Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
            "",
            "",
        ),
    ] {
        for (text, expected) in [(&any, by_any), (&me, by_me)] {
            let answer = answered(text, question).unwrap_or_default();
            assert_eq!(answer, expected, "{text}: {question}");
        }
    }
    // Ssh shows no more of it.
    let long = "a-user-with-a-very-long-name-indeed";
    let shown = format!("{}@h's password: ", &long[..30]);
    let text = format!("ssh:{long}@h?password=env:P");
    assert_eq!(answered(&text, &shown), Some("password"));
}
