//! What is sent, and when nothing is.

use super::{Mode, Params, request, run};
use guest_sdk::testing::Machine;

fn params() -> Params {
    Params {
        to: "chat.invalid:80".to_owned(),
        token: Some("chat".to_owned()),
        text: "deployed".to_owned(),
    }
}

#[test]
fn a_token_is_a_header_of_its_own() {
    let sent = request(&params(), Some("hunter2"));
    assert!(
        sent.contains("\r\nAuthorization: Bearer hunter2\r\n"),
        "{sent}"
    );
    assert!(
        sent.ends_with("Content-Length: 8\r\n\r\ndeployed"),
        "{sent}"
    );
    assert!(!request(&params(), None).contains("Authorization"));
}

#[test]
fn in_mode_check_nobody_hears_of_it() {
    let mut machine = Machine::new().with_secret("chat", "hunter2");
    let report = machine.run(Mode::Check, || run(params(), Mode::Check));
    assert!(report.expect("a report").outcome.changed);
    let refused = Machine::new().run(Mode::Check, || run(params(), Mode::Check));
    assert!(refused.is_err());
}
