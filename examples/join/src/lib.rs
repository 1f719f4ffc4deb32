//! One host makes a token, the others join with it: tasks on different machines that wait for each other.

guest_sdk::task! {
    inline: r#"
        package example:join@0.1.0;

        /// Hands a token from one host to others.
        ///
        /// ```toml
        /// [[task]]
        /// use = "join.wasm"
        /// with = { channel = "join", file = "/etc/cluster/token", make = "{{ token }}", others = 2 }
        /// when = "facts.hostname == 'db1'"
        /// ```
        interface task {
            use zymogen:task/types@0.1.0.{mode, outcome, failure};
            use zymogen:task/grants@0.1.0.{channel, write-path};

            record params {
                /// Where it is handed on.
                channel: channel,
                /// Where it ends up on each host.
                file: write-path,
                /// On the first host: the token. The others wait for it.
                make: option<string>,
                /// On the first host: how many others there are.
                others: option<u32>,
                /// On the others: how long to wait, in milliseconds; as long as the task may take if there is none.
                wait-ms: option<u64>,
            }

            record report {
                outcome: outcome,
            }

            /// Hands the token on, or waits for it, and writes it down. In mode `check` nobody waits.
            run: func(params: params, mode: mode) -> result<report, failure>;
        }

        world join {
            include zymogen:task/imports@0.1.0;
            export task;
        }
    "#,
    exports: example::join,
}

use guest_sdk::files::{self, Attributes};
use guest_sdk::{FailureKind, channels};
use std::time::Duration;

/// The longest token.
const LONGEST: u64 = 4096;

fn run(params: Params, mode: Mode) -> Result<Report, Failure> {
    let unchanged = |summary: &str| Report {
        outcome: Outcome::unchanged(summary),
    };
    if files::stat(&params.file)?.is_some() {
        let token = files::read_text(&params.file, LONGEST)?;
        // Others may still wait for it.
        if params.make.is_some() && mode.applies() {
            hand_on(&params, &token)?;
        }
        return Ok(unchanged("joined already"));
    }
    if !mode.applies() {
        return Ok(Report {
            outcome: Outcome::changed("would join"),
        });
    }
    let token = match &params.make {
        Some(token) => {
            hand_on(&params, token)?;
            token.clone()
        }
        None => wait(&params)?,
    };
    let attributes = Attributes {
        mode: Some(0o600),
        ..Attributes::default()
    };
    files::replace(&params.file, token.as_bytes(), &attributes)?;
    Ok(Report {
        outcome: Outcome::changed("joined"),
    })
}

fn hand_on(params: &Params, token: &str) -> Result<(), Failure> {
    for _ in 0..params.others.unwrap_or(0) {
        channels::send(&params.channel, token.as_bytes())?;
    }
    Ok(())
}

fn wait(params: &Params) -> Result<String, Failure> {
    let time = params.wait_ms.map(Duration::from_millis);
    let Some(token) = channels::receive(&params.channel, time)? else {
        let message = format!("no token came through `{}`", params.channel);
        return Err(Failure::not_found(message).hint("is the first host among those of the plan?"));
    };
    let text = String::from_utf8(token);
    text.map_err(|_| Failure::new(FailureKind::Other, "the token is no text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use guest_sdk::testing::Machine;

    fn params(make: Option<&str>) -> Params {
        Params {
            channel: "join".to_owned(),
            file: "/token".to_owned(),
            make: make.map(str::to_owned),
            others: make.map(|_| 2),
            wait_ms: Some(1),
        }
    }

    #[test]
    fn the_first_host_hands_it_on_as_often_as_there_are_others() {
        let mut machine = Machine::new();
        let report = machine.run(Mode::Apply, || run(params(Some("abc")), Mode::Apply));
        assert!(report.expect("a report").outcome.changed);
        assert_eq!(machine.text("/token"), Some("abc"));
        assert_eq!(machine.sent("join"), [b"abc".to_vec(), b"abc".to_vec()]);
    }

    #[test]
    fn another_one_writes_down_what_comes() {
        let mut machine = Machine::new().with_message("join", b"abc");
        let report = machine.run(Mode::Apply, || run(params(None), Mode::Apply));
        assert!(report.expect("a report").outcome.changed);
        assert_eq!(machine.text("/token"), Some("abc"));
    }

    #[test]
    fn nothing_comes() {
        let mut machine = Machine::new();
        let failure = machine.run(Mode::Apply, || run(params(None), Mode::Apply));
        let failure = failure.expect_err("there is no token");
        assert_eq!(failure.kind, FailureKind::NotFound);
        assert_eq!(machine.text("/token"), None);
    }

    #[test]
    fn in_mode_check_nobody_waits() {
        let mut machine = Machine::new();
        let report = machine.run(Mode::Check, || run(params(None), Mode::Check));
        assert!(report.expect("a report").outcome.changed);
        assert!(
            !machine
                .journal()
                .iter()
                .any(|call| call.starts_with("receive"))
        );
    }
}
