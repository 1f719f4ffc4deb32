//! Contexts behind the real su, that of util-linux and that of busybox.

use crate::support::machine::Machine;
use crate::support::{Run, add_in};

const USERS: &str = "
    user worker Geheim-1
    user third Geheim-3
";

const PASSWORDS: [(&str, &str); 2] = [("THIRD", "Geheim-3"), ("WRONG", "no-such-password")];

fn su(machine: &Machine, hops: &str) -> Run {
    add_in(&machine.at(hops), &PASSWORDS)
}

fn refuses(machine: &Machine, wrong_password: &str) {
    let check = |hops: &str, said: &str, hint: &str| {
        let place = format!("{}: authenticate", machine.at("su:worker,su:third"));
        su(machine, hops).unreachable(&place, said, hint);
    };
    check(
        "su:worker,su:third?password=env:WRONG",
        wrong_password,
        "su wants that of the user whom it leads to",
    );
    check(
        "su:worker,su:third",
        "it asks `Password:`, and was given no answer",
        "`su:third?password=env:NAME`",
    );
}

#[test]
fn su_wants_the_password_of_whom_it_leads_to() {
    let machine = Machine::new(USERS);
    su(&machine, "su:worker,su:third?password=env:THIRD")
        .status(0)
        .stdout("3\n");
    refuses(&machine, "su: Authentication failure");
    su(&machine, "su:worker,su:nobody-here?password=env:THIRD").unreachable(
        &format!("{}: resolve", machine.at("su:worker,su:nobody-here")),
        "su: user nobody-here does not exist",
        "no such user",
    );
}

/// It asks on its standard output, where the first stage speaks, too.
#[test]
fn the_su_of_busybox_does_as_well() {
    let machine = Machine::new(&format!(
        r#"{USERS}
        cp "$(command -v busybox)" "$1/su"
        chmod 4755 "$1/su"
        mount --bind "$1/su" "$(command -v su)"
        "#
    ));
    su(&machine, "su:worker,su:third?password=env:THIRD")
        .status(0)
        .stdout("3\n");
    refuses(&machine, "it said: su: incorrect password");
    su(&machine, "su:worker,su:nobody-here?password=env:THIRD").unreachable(
        &format!("{}: resolve", machine.at("su:worker,su:nobody-here")),
        "su: unknown user nobody-here",
        "no such user",
    );
}

#[test]
fn a_question_may_be_asked_in_any_language() {
    for language in ["de", "fr"] {
        let catalogue = format!("/usr/share/locale/{language}/LC_MESSAGES/Linux-PAM.mo");
        assert!(
            std::path::Path::new(&catalogue).exists(),
            "{catalogue} is missing"
        );
    }
    let machine = Machine::new(USERS);
    for (language, asked) in [
        ("de", "it asks `Passwort:`"),
        ("fr", "it asks `Mot de passe :`"),
    ] {
        let speaks = [("LC_ALL", "C.UTF-8"), ("LANGUAGE", language)];
        let said = [&PASSWORDS[..], &speaks].concat();
        let su = |hops: &str| add_in(&machine.at(hops), &said);
        su("su:worker,su:third?password=env:THIRD")
            .status(0)
            .stdout("3\n");
        su("su:worker,su:third").status(4).stderr_has(&[
            ": authenticate: ",
            asked,
            "`su:third?password=env:NAME`",
        ]);
    }
}
