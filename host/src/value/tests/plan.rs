//! A plan's values: all errors at once, each with its place in the file.

use toml::de::DeTable;
use wasmtime::component::Val;

use super::wit::ty;
use crate::value::{Mismatch, Node, Plain, to_val};

const PARAMS: &str = "record { path: string, mode: option<u32>, timeout-ms: u64, \
    state: enum { present, absent }, shapes: list<record { radius: f64 }> }";

fn table(text: &str) -> Node {
    let table = DeTable::parse(text).unwrap();
    let span = table.span();
    let value = toml::de::DeValue::Table(table.into_inner());
    Node::from_toml(&toml::Spanned::new(span, value)).unwrap()
}

fn errors(text: &str, wit: &str) -> Vec<(String, String)> {
    let mismatches = to_val(&table(text), &ty(wit)).unwrap_err();
    let place = |mismatch: &Mismatch| text[mismatch.span.clone().unwrap()].to_owned();
    mismatches
        .iter()
        .map(|mismatch| (mismatch.to_string(), place(mismatch)))
        .collect()
}

#[test]
fn all_mismatches_are_reported_with_their_places() {
    let text = r#"
        pth = "/etc/motd"
        mode = "0644"
        state = "presnt"
        shapes = [{ radius = 1.5 }, { radius = true, colour = 3 }, 7]
    "#;
    let record = "record { path: string, mode: option<u32>, timeout-ms: u64, \
        state: enum { present, absent }, shapes: list<record { radius: f64 }> }";
    let expected = [
        (
            format!("expected {record}, found the unknown key pth; did you mean path?"),
            "pth",
        ),
        (
            "mode: expected u32, found the text \"0644\"; did you mean 0o644?".into(),
            "\"0644\"",
        ),
        (
            "state: expected enum { present, absent }, found the text \"presnt\"; \
             did you mean \"present\"?"
                .into(),
            "\"presnt\"",
        ),
        (
            "shapes[1]: expected record { radius: f64 }, found the unknown key colour".into(),
            "colour",
        ),
        ("shapes[1].radius: expected f64, found true".into(), "true"),
        (
            "shapes[2]: expected record { radius: f64 }, found the integer 7".into(),
            "7",
        ),
    ];
    let found = errors(text, PARAMS);
    for (expected, place) in &expected {
        assert!(
            found.contains(&(expected.clone(), (*place).to_owned())),
            "{expected} at {place} is not among {found:#?}"
        );
    }
    // The missing one is reported for the whole table, without the one that was mistyped.
    let missing: Vec<_> = found
        .iter()
        .filter(|(error, _)| error.contains("no value for"))
        .collect();
    assert_eq!(missing.len(), 1);
    assert!(
        missing[0].0.ends_with("found no value for timeout-ms"),
        "{missing:?}"
    );
    assert_eq!(found.len(), expected.len() + 1, "{found:#?}");
}

#[test]
fn missing_fields_are_named_together() {
    let found = errors("mode = 1", PARAMS);
    assert_eq!(found.len(), 1);
    assert!(
        found[0]
            .0
            .ends_with("found no value for path, timeout-ms, state and shapes")
    );
}

#[test]
fn names_may_have_underscores_but_only_once() {
    let wit = "record { timeout-ms: u64 }";
    let val = to_val(&table("timeout_ms = 5"), &ty(wit)).unwrap();
    assert_eq!(val, Val::Record(vec![("timeout-ms".into(), Val::U64(5))]));
    let found = errors("timeout_ms = 5\ntimeout-ms = 6", wit);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].0,
        "expected record { timeout-ms: u64 }, found the key timeout-ms, which says timeout-ms again"
    );
    assert_eq!(found[0].1, "timeout-ms");
}

#[test]
fn mismatches_can_be_seen_from_outside() {
    let mismatch = |text| {
        to_val(&table(text), &ty("record { a: list<u8> }"))
            .unwrap_err()
            .remove(0)
    };
    assert_eq!(mismatch("a = [256]").within("params").path, "params.a[0]");
    assert_eq!(mismatch("").within("params").path, "params");
    let list = to_val(
        &Node::new(Plain::List(vec![Node::new(Plain::Null)])),
        &ty("list<bool>"),
    );
    assert_eq!(
        list.unwrap_err().remove(0).within("params").path,
        "params[0]"
    );
}

#[test]
fn toml_keeps_its_order_and_its_numbers() {
    let node = table("z = 1\na = 0xff\nm = 1979-05-27\nb = 1_000\n[t]\nx = inf");
    let Plain::Table(entries) = &node.value else {
        panic!("{node:?}")
    };
    let names: Vec<_> = entries.iter().map(|(key, _)| key.name.as_str()).collect();
    assert_eq!(names, ["z", "a", "m", "b", "t"]);
    assert_eq!(node.get("a").unwrap().value, Plain::Int(255));
    assert_eq!(node.get("b").unwrap().value, Plain::Int(1000));
    assert_eq!(
        node.get("m").unwrap().value,
        Plain::Text("1979-05-27".into())
    );
    assert_eq!(
        node.get("t").unwrap().get("x").unwrap().value,
        Plain::Float(f64::INFINITY)
    );
}

#[test]
fn numbers_that_nothing_holds_are_errors_and_not_other_numbers() {
    for (text, place) in [
        ("a = [1e400]", "1e400"),
        ("a = 9999999999999999999999999999999999999999", "99"),
    ] {
        let table = DeTable::parse(text).unwrap();
        let span = table.span();
        let value = toml::de::DeValue::Table(table.into_inner());
        let mismatch = Node::from_toml(&toml::Spanned::new(span, value)).unwrap_err();
        assert!(
            text[mismatch.span.clone().unwrap()].starts_with(place),
            "{mismatch:?}"
        );
        assert_eq!(mismatch.path, "a");
    }
    let found = errors("a = 1e39", "record { a: f32 }");
    assert_eq!(found[0].0, "a: expected f32, found the float 1e39");
    let found = errors("a = 16777217", "record { a: f32 }");
    assert_eq!(found[0].0, "a: expected f32, found the integer 16777217");
    let found = errors("a = 18446744073709551616", "record { a: u64 }");
    assert_eq!(
        found[0].0,
        "a: expected u64 (0 to 2^64 - 1), found the integer 18446744073709551616"
    );
}

#[test]
fn json_becomes_the_same_tree() {
    let json = serde_json::json!({
        "path": "/a", "timeout-ms": 18_446_744_073_709_551_615_u64, "state": "absent",
        "shapes": [{ "radius": 2 }], "mode": null,
    });
    let val = to_val(&Node::from(json), &ty(PARAMS)).unwrap();
    let Val::Record(fields) = val else { panic!() };
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["path", "mode", "timeout-ms", "state", "shapes"],
        "in the type's order"
    );
    assert_eq!(fields[2].1, Val::U64(u64::MAX));
}
