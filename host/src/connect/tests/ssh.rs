//! What becomes of `ssh:...`.

use super::{command, launched, refused};
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
    for option in ["password", "passphrase"] {
        let text = format!("ssh:h?{option}=env:P");
        assert_eq!(
            words(&text),
            "-o BatchMode=no -o NumberOfPasswordPrompts=1 -- h"
        );
        assert_eq!(launched(&text).stdio, Stdio::Terminal);
    }
}
