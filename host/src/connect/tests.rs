//! What users may write, and what becomes of it.

mod containers;
mod roots;
mod ssh;
mod users;

use super::{ContextSpec, launch};
use connect::{Bandwidth, Boot, Launch, Stdio};

fn refused(text: &str) -> String {
    text.parse::<ContextSpec>().expect_err(text).to_string()
}

/// The launch of the last step, without its dialogue.
fn launched(text: &str) -> Launch {
    let spec: ContextSpec = text
        .parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let boot = Boot::new("u@h:1", Vec::new());
    launch(spec.steps().last().expect("a step"), &boot, None)
}

/// Its command line with the first stage as `STAGE`.
fn command(text: &str) -> String {
    let boot = Boot::new("u@h:1", Vec::new());
    let stage = boot.argv().join(" ");
    launched(text).argv.join(" ").replace(&stage, "STAGE")
}

#[test]
fn local_is_the_first_stage_itself() {
    assert_eq!(command("local"), "STAGE");
    assert_eq!(launched("local").hop, "local");
    assert_eq!(launched("local").bandwidth, Bandwidth::Cheap);
}

#[test]
fn sudo_asks_only_if_there_is_an_answer() {
    assert_eq!(command("sudo"), "sudo -n -H -u root -- STAGE");
    assert_eq!(command("sudo:web"), "sudo -n -H -u web -- STAGE");
    assert_eq!(
        command("local,sudo:web?password=env:SUDO"),
        "sudo -S -p [zymogen] password: -H -u web -- STAGE"
    );
    let tty = launched("sudo?password=ask&tty=yes");
    assert_eq!((tty.hop.as_str(), tty.stdio), ("sudo", Stdio::Terminal));
    assert!(!tty.argv.contains(&"-S".to_owned()));
}

#[test]
fn options_are_checked() {
    for (text, why) in [
        ("local?x=1", "it has no option `x`; it has none"),
        ("sudo?pasword=ask", "did you mean `password`?"),
        ("sudo?password=", "has no value"),
        ("sudo?password=ask&password=ask", "is there twice"),
        (
            "sudo?password=hunter2",
            "comes from env:NAME, file:PATH or ask",
        ),
        ("sudo?tty", "write NAME=VALUE"),
        ("sudo?tty=maybe", "yes or no is expected"),
        ("sudo:-u", "is no name"),
        ("sudo:", "nothing follows the colon"),
        ("sudo:%00", "NUL"),
        ("sudo:%ff", "UTF-8"),
    ] {
        let said = refused(text);
        assert!(said.contains(why), "{text}: {said}");
    }
    assert_eq!(command("sudo:a%2Cb"), "sudo -n -H -u a,b -- STAGE");
}

#[test]
fn what_does_not_exist_is_refused_with_what_does() {
    let said = refused("telnet:web1");
    assert!(
        said.starts_with("there is no way to connect called `telnet`; there is: local, "),
        "{said}"
    );
    assert_eq!(refused("local:x"), "`local:x`: it takes no argument");
    let spec: ContextSpec = "local, sudo?tty=no".parse().expect("two hops");
    assert_eq!(
        (spec.steps().len(), spec.to_string(), spec.name()),
        (2, "local,sudo?tty=no".to_owned(), "local,sudo".to_owned())
    );
    assert!(refused(&vec!["local"; 33].join(",")).contains("more than 32 hops"));
    for text in ["", "local,", ":x"] {
        assert!(refused(text).contains("lacks one"), "{text}");
    }
}
