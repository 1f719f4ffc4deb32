//! What is hidden, and what is not.

use super::{Named, Secrets};
use crate::connect::Credential;
use proto::message::Secret;
use serde_json::json;

fn secrets(values: &[&str]) -> Secrets {
    let values = values.iter().enumerate();
    let values = values.map(|(number, value)| (number.to_string(), Secret((*value).to_owned())));
    Secrets(values.collect())
}

#[test]
fn a_secret_is_hidden_wherever_it_stands() {
    let secrets = secrets(&["hunter2", "hunter2-and-more", "a\"b\\c"]);
    for (text, shown) in [
        ("x hunter2hunter2 y", "x ****** y"),
        ("hunter2-and-more", "***"),
        ("say a\"b\\c", "say ***"),
        (r#"say "a\"b\\c""#, r#"say "***""#),
        ("hunter", "hunter"),
    ] {
        assert_eq!(secrets.mask(text), shown, "{text}");
    }
    let mut tree = json!({ "a": ["hunter2", 7], "b": { "c": "=hunter2" } });
    secrets.mask_json(&mut tree);
    assert_eq!(tree, json!({ "a": ["***", 7], "b": { "c": "=***" } }));
}

#[test]
fn a_short_one_is_no_reason_to_hide_words() {
    assert_eq!(secrets(&["abc", ""]).mask("abc abcd"), "abc abcd");
    assert_eq!(secrets(&["abcd"]).mask("abc abcd"), "abc ***");
}

#[test]
fn nothing_shows_them() {
    let shown = format!("{:?}", secrets(&["hunter2"]));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_source_has_a_name() {
    let named: Named = "api-token=env:TOKEN".parse().unwrap();
    assert_eq!(named.0, "api-token");
    assert_eq!(named.1, Credential::Env("TOKEN".to_owned()));
    for text in ["token", "=env:X", "a b=ask", "token=hunter2", "token=env:"] {
        assert!(text.parse::<Named>().is_err(), "{text}");
    }
}
