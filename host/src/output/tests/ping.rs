//! The table of `zymogen ping`.

use crate::master::Reached;
use crate::output::ping::{Row, failed, human, json};
use connect::{Cause, ConnectError, Phase, Times};
use serde_json::Value;
use std::time::Duration;

fn rows() -> Vec<Row> {
    let reached = Reached {
        times: Times {
            spawn: 1_000,
            reach: 240_500,
            image: Some(61_000),
            hello: 900,
        },
        sent: Some(1_700_000),
        target: "x86_64-unknown-linux-musl".to_owned(),
        total: Duration::from_micros(303_900),
        round_trip: Duration::from_micros(420),
    };
    let warm = Reached {
        times: Times {
            image: None,
            ..reached.times
        },
        sent: None,
        ..reached.clone()
    };
    let error = ConnectError {
        hop: "ssh:db\u{1b}[2K".to_owned(),
        phase: Phase::Resolve,
        cause: Box::new(Cause::Noise),
        said: vec!["ssh: no".to_owned()],
        hint: Some("look".to_owned()),
    };
    vec![
        ("ssh:web1".to_owned(), Ok(reached)),
        ("ssh:web2,sudo".to_owned(), Ok(warm)),
        ("ssh:db\u{1b}[2K".to_owned(), Err(error)),
    ]
}

#[test]
fn each_host_has_a_line() {
    let text = human(&rows());
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0].split_whitespace().next(), Some("HOST"));
    assert!(
        lines[1].contains("241.5 ms  61.0 ms  0.9 ms  303.9 ms      0.4 ms"),
        "{text}"
    );
    assert!(lines[2].contains("241.5 ms        -  0.9 ms"), "{text}");
    assert!(lines[3].contains("failed: resolve"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert_eq!(rows().iter().filter_map(failed).count(), 1);
}

#[test]
fn programs_get_all_of_it() {
    let value: Value = serde_json::from_str(&json(&rows())).unwrap();
    assert_eq!(value["version"], 1);
    assert_eq!(value["hosts"][0]["reach"], 240_500);
    assert_eq!(value["hosts"][0]["round-trip"], 420);
    assert_eq!(value["hosts"][1]["image"], Value::Null);
    assert_eq!(value["hosts"][2]["phase"], "resolve");
    assert_eq!(value["hosts"][2]["help"], "look");
    assert_eq!(value["hosts"][2]["said"][0], "ssh: no");
}
