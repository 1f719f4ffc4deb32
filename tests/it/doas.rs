//! Contexts behind the real doas, which asks at a terminal only.

use crate::support::add_in;
use crate::support::machine::Machine;

#[test]
fn doas_lets_in_who_may_and_refuses_with_advice() {
    let machine = Machine::new(
        "
        for name in worker free plain; do user $name Geheim-1; done
        printf 'permit worker as root\npermit nopass free as worker\n' > /etc/doas.conf
        chmod 600 /etc/doas.conf
        ",
    );
    let doas = |hops: &str| {
        let passwords = [("RIGHT", "Geheim-1"), ("WRONG", "no-such-password")];
        add_in(&machine.at(hops), &passwords)
    };
    for hops in ["su:worker,doas?password=env:RIGHT", "su:free,doas:worker"] {
        doas(hops).status(0).stdout("3\n");
    }
    let check = |hops: &str, phase: &str, said: &str, hint: &str| {
        let to = hops.split('?').next().unwrap();
        doas(hops).unreachable(&format!("{}: {phase}", machine.at(to)), said, hint);
    };
    check(
        "su:worker,doas:root?password=env:WRONG",
        "authenticate",
        "it said: doas: Authentication failed",
        "doas wants that of the user before this hop",
    );
    check(
        "su:worker,doas:root",
        "authenticate",
        "it said: doas: Authentication required",
        "`doas:root?password=ask`",
    );
    check(
        "su:plain,doas:root?password=env:RIGHT",
        "authenticate",
        "it said: doas: Operation not permitted",
        "doas.conf must permit",
    );
    check(
        "su:worker,doas:nobody-here",
        "resolve",
        "it said: doas: unknown user",
        "no such user",
    );
    let without = Machine::new("user worker Geheim-1");
    add_in(&without.at("su:worker,doas:root"), &[]).unreachable(
        &format!("{}: authenticate", without.at("su:worker,doas:root")),
        "it said: doas: doas is not enabled",
        "an administrator must write one",
    );
}
