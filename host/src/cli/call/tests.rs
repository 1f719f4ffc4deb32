//! What a denied call is told.

use super::show::{advice, denial};
use wasmtime::component::Val;

#[test]
fn a_denied_call_is_told_which_grant_it_lacked() {
    const ELSE: &str = "--grant allows more: see zymogen call --help";
    for (why, help) in [
        (
            "to read facts about the system; granted: nothing",
            "--grant system",
        ),
        (
            "to read /etc/hosts; granted: write:/srv",
            "--grant read:/etc/hosts",
        ),
        (
            "to write /srv/a b; granted: nothing",
            "--grant 'write:/srv/a b'",
        ),
        (
            "to execute /bin/echo hi; granted: nothing",
            "--grant 'exec:/bin/echo hi'",
        ),
        (
            "cannot look at /etc/motd: to read /etc/motd; granted: nothing",
            "--grant read:/etc/motd",
        ),
        ("to execute -C /srv make", "--grant 'exec:-C /srv make'"),
        // The denial hides the value, and the digest cannot be typed.
        ("to execute A=… make; granted: nothing", ELSE),
        ("to connect to 10.0.0.1:80", ELSE),
    ] {
        assert_eq!(advice(why), help, "{why}");
    }
}

#[test]
fn a_failure_of_another_kind_is_no_denial() {
    let failure = |kind: &str| {
        let failure = Val::Record(vec![
            ("kind".into(), Val::Enum(kind.into())),
            ("message".into(), Val::String("to read /a".into())),
        ]);
        Val::Result(Err(Some(Box::new(failure))))
    };
    assert_eq!(denial(&failure("denied")), Some("to read /a"));
    assert_eq!(denial(&failure("io")), None);
    assert_eq!(denial(&Val::String("denied".into())), None);
}
