//! `docs/EVENTS.md` against the code, and errors as events.

use crate::deploy::event::{Event, to_json};
use crate::deploy::problem;
use crate::error::Error;
use crate::output::{Diagnostic, Source};
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../../../docs/EVENTS.md");
const CODE: [&str; 2] = [include_str!("../event.rs"), include_str!("../problem.rs")];

/// What stands in backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_page_has_all_events() {
    // serde knows them, and says so.
    let unknown = serde_json::from_str::<Event>(r#"{"event":"?"}"#).unwrap_err();
    let unknown = unknown.to_string();
    let mut names = quoted(&unknown);
    names.retain(|name| *name != "?");
    assert!(names.len() > 9, "{unknown}");
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    for name in &names {
        assert!(rows.contains(name), "{name} is not in docs/EVENTS.md");
    }
    // And no others: the first table ends where the fields begin.
    assert_eq!(rows.get(..names.len()), Some(names.as_slice()));
    assert_eq!(rows.get(names.len()), Some(&"kind"));
}

#[test]
fn the_page_has_all_fields() {
    let words = quoted(PAGE);
    let fields = CODE.iter().flat_map(|code| code.lines());
    // Fields of the enum's cases, and those of structs.
    let fields = fields.filter_map(|line| {
        let (name, _) = line
            .trim_start()
            .trim_start_matches("pub ")
            .split_once(": ")?;
        let is_field = line.trim_end().ends_with(',') && line.starts_with("    ");
        (is_field && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')).then_some(name)
    });
    let fields: Vec<_> = fields.collect();
    assert!(fields.len() > 40, "{fields:?}");
    for field in fields {
        assert!(
            words.contains(&field) || field == "v",
            "`{field}` is missing"
        );
    }
}

fn lines(error: &Error) -> Vec<Value> {
    let lines = problem::events(error).into_iter();
    lines
        .map(|event| serde_json::from_str(&to_json(&event).unwrap()).unwrap())
        .collect()
}

#[test]
fn each_error_of_a_plan_is_an_event() {
    let source = Source::new("a.toml", "x = 1\nyé = 2\n");
    let wrong = Diagnostic::new("plan", "it does not fit").at(&source, 12..13, "");
    let wrong = wrong.fact("expected", "u8").fact("found", "2").help("no");
    let error = Error::in_text("a.toml", vec![wrong, Diagnostic::new("plan", "empty")]);
    assert_eq!(
        lines(&error),
        [
            json!({
                "v": 1, "event": "error", "kind": "plan", "file": "a.toml", "line": 2, "column": 6,
                "message": "it does not fit", "because": null, "expected": "u8", "found": "2", "help": "no",
            }),
            json!({
                "v": 1, "event": "error", "kind": "plan", "file": null, "line": null, "column": null,
                "message": "empty", "because": null, "expected": null, "found": null, "help": null,
            }),
        ]
    );
}

#[test]
fn other_errors_are_events_with_their_advice() {
    let cause = std::io::Error::other("no disk");
    let error = Error::input("cannot read it")
        .because(&cause)
        .hint("buy one");
    let events = lines(&error);
    assert_eq!(events.len(), 1);
    for (field, value) in [
        ("kind", "input"),
        ("message", "cannot read it"),
        ("because", "no disk"),
        ("help", "buy one"),
    ] {
        assert_eq!(events[0][field], value);
    }
    let closed = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
    assert!(lines(&Error::from(closed)).is_empty());
}
