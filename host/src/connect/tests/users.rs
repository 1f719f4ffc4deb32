//! Other users of the same machine: `su` and `doas`. `sudo` is in the file above.

use super::{command, launched, refused};
use connect::{Bandwidth, Stdio};

#[test]
fn su_gives_the_login_shell_one_line() {
    let argv = launched("su:web?password=env:WEB").argv;
    let [program, option, line, user] = &argv[..] else {
        panic!("{argv:?}");
    };
    assert_eq!((program.as_str(), option.as_str()), ("su", "-c"));
    assert!(line.starts_with("exec sh -c "), "{line}");
    assert_eq!(user, "web");
    assert_eq!(launched("su").argv[3], "root");
    assert_eq!(launched("su").stdio, Stdio::Pipe);
    assert!(refused("su:web?tty=yes").contains("there is: password"));
}

#[test]
fn doas_has_a_terminal_if_it_may_ask() {
    assert_eq!(command("doas"), "doas -n -u root STAGE");
    assert_eq!(command("doas:web?password=ask"), "doas -u web STAGE");
    assert_eq!(launched("doas:web").stdio, Stdio::Pipe);
    assert_eq!(launched("doas:web?password=ask").stdio, Stdio::Terminal);
    assert_eq!(launched("doas").bandwidth, Bandwidth::Cheap);
}
