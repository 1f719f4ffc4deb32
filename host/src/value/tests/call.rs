//! Calls on the command line, and what a person reads when one is wrong.

use wasmtime::component::{Type, Val};

use super::wit::ty;
use crate::value::CallText;

fn params() -> Vec<(&'static str, Type)> {
    vec![
        ("path", ty("string")),
        (
            "shape",
            ty(
                "record { name: string, points: list<tuple<f64, f64>>, kind: enum { open, closed } }",
            ),
        ),
        ("mode", ty("option<u32>")),
    ]
}

fn error(text: &str) -> String {
    CallText::parse(text)
        .and_then(|call| call.to_vals(&params()))
        .unwrap_err()
        .to_string()
}

#[test]
fn a_call_has_an_export_and_arguments() {
    let call = CallText::parse("add(1, 2)").unwrap();
    assert_eq!(
        (call.export(), call.interface(), call.function()),
        ("add", None, "add")
    );
    let sum = [("a", Type::U8), ("b", Type::S64)];
    assert_eq!(call.to_vals(&sum).unwrap(), [Val::U8(1), Val::S64(2)]);

    let call = CallText::parse(" ns:pkg/iface@1.0.0-rc.1#func-two ( ) // done").unwrap();
    assert_eq!(call.export(), "ns:pkg/iface@1.0.0-rc.1#func-two");
    assert_eq!(call.interface(), Some("ns:pkg/iface@1.0.0-rc.1"));
    assert_eq!(call.function(), "func-two");
    assert_eq!(call.to_vals::<&str>(&[]).unwrap(), []);
    assert_eq!(
        call.to_vals(&[("a", ty("option<u8>"))]).unwrap(),
        [Val::Option(None)]
    );
}

#[test]
fn arguments_are_wave() {
    let call = "f(\"/a\", {kind: closed, name: \"n\", points: [(1, 2.5), (nan, -inf)]}, 420)";
    let vals = CallText::parse(call).unwrap().to_vals(&params()).unwrap();
    assert_eq!(vals[2], Val::Option(Some(Box::new(Val::U32(420)))));
    let Val::Record(fields) = &vals[1] else {
        panic!()
    };
    assert_eq!(fields[2], ("kind".into(), Val::Enum("closed".into())));
    for (wit, text, wave) in [
        ("list<u8>", "\"hi\"", "[104, 105]"),
        ("list<u8, 2>", "\"hi\"", "[104, 105]"),
        ("result<string, u8>", "\"flat\"", "ok(\"flat\")"),
        ("option<list<u8>>", "[1]", "some([1])"),
        (
            "string",
            "\"\"\"\n  two\n  lines\n  \"\"\"",
            "\"two\\nlines\"",
        ),
        (
            "map<string, list<u8>>",
            "[(\"k\", [1]), (\"l\", \"x\")]",
            "[(\"k\", [1]), (\"l\", [120])]",
        ),
        ("flags { ok, other }", "{other, %ok}", "{ok, other}"),
        (
            "option<variant { none, ok(bool) }>",
            "some(%ok(true))",
            "some(%ok(true))",
        ),
        ("f32", "1e-20", "1e-20"),
        (
            "tuple<char, char>",
            "('\\'', '\\u{1f980}')",
            "('\\'', '🦀')",
        ),
    ] {
        let call = format!("f({text})");
        let vals = CallText::parse(&call).unwrap().to_vals(&[("a", ty(wit))]);
        let vals = vals.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(crate::value::to_wave(&vals[0]), wave);
    }
}

#[test]
fn a_wrong_argument_is_underlined() {
    assert_eq!(
        error(r#"create(/etc, {name: "n", points: [], kind: open})"#),
        "this is no WAVE value\n  create(/etc, {name: \"n\", points: [], kind: open})\n         ^"
    );
    assert_eq!(
        error(r#"create("/a", {name: "n", points: [(1, "2")], kind: opn}, "0644")"#),
        r#"argument 2, shape.points[0][1]: expected f64, found the text "2"
  create("/a", {name: "n", points: [(1, "2")], kind: opn}, "0644")
                                        ^^^
argument 2, shape.kind: expected enum { open, closed }, found opn; did you mean open?
  create("/a", {name: "n", points: [(1, "2")], kind: opn}, "0644")
                                                     ^^^
argument 3, mode: expected u32, found the text "0644"
  create("/a", {name: "n", points: [(1, "2")], kind: opn}, "0644")
                                                           ^^^^^^"#
    );
    assert_eq!(
        error(r#"create("ä", {nme: "n", points: [], kind: "open"}, -1)"#),
        r#"argument 2, shape: expected record { name: string, points: list<tuple<f64, f64>>, kind: enum { open, closed } }, found the unknown key nme; did you mean name?
  create("ä", {nme: "n", points: [], kind: "open"}, -1)
               ^^^
argument 2, shape.kind: expected enum { open, closed }, found the text "open"; did you mean open?
  create("ä", {nme: "n", points: [], kind: "open"}, -1)
                                           ^^^^^^
argument 3, mode: expected u32 (0 to 2^32 - 1), found the number -1
  create("ä", {nme: "n", points: [], kind: "open"}, -1)
                                                    ^^"#
    );
}

#[test]
fn a_wrong_number_of_arguments_names_the_parameters() {
    let wit = "path: string, shape: record { name: string, points: list<tuple<f64, f64>>, \
               kind: enum { open, closed } }, mode: option<u32>";
    assert_eq!(
        error("create(\"/a\")"),
        format!("create({wit}) takes 3 arguments, found 1\n  create(\"/a\")\n             ^")
    );
    assert_eq!(
        error("create(1, 2, 3, 4, 5)"),
        format!(
            "create({wit}) takes 3 arguments, found 5\n  create(1, 2, 3, 4, 5)\n                  ^^^^"
        )
    );
    let none = CallText::parse("now(1)")
        .unwrap()
        .to_vals::<&str>(&[])
        .unwrap_err();
    assert_eq!(
        none.to_string(),
        "now() takes no arguments, found 1\n  now(1)\n      ^"
    );
}

#[test]
fn a_text_that_is_no_call_says_why() {
    for (text, message) in [
        ("", "there is no function's name\n  \n  ^"),
        ("(1)", "there is no function's name\n  (1)\n  ^"),
        (
            "now",
            "there are no arguments; without any it is now()\n  now\n  ^^^",
        ),
        ("a b(1)", "a function's name has no ' '\n  a b(1)\n   ^"),
        ("f(1", "the call ends too early\n  f(1\n     ^"),
        ("f(1,,2)", ", cannot stand here\n  f(1,,2)\n      ^"),
        ("f(1) 2", "nothing may follow the call\n  f(1) 2\n       ^"),
        ("f() 2", "nothing may follow the call\n  f() 2\n      ^"),
        (
            "f({a: 1, a: 2})",
            "the field a was there already\n  f({a: 1, a: 2})\n           ^",
        ),
    ] {
        assert_eq!(CallText::parse(text).unwrap_err().to_string(), message);
    }
    let deep = format!("f({}{})", "[".repeat(500), "]".repeat(500));
    assert!(
        CallText::parse(&deep)
            .unwrap_err()
            .to_string()
            .starts_with("this nests too deep\n")
    );
}

/// The parser's own place ends in the middle of the character.
#[test]
fn a_problem_is_at_whole_characters() {
    let text = "f(\"\"\"\u{e9}\n\"\"\")";
    let call = CallText::parse(text).unwrap();
    let error = call.to_vals(&[("a", Type::String)]).unwrap_err();
    assert_eq!(error.problems[0].span, 5..7);
    assert_eq!(text.get(5..7), Some("\u{e9}"));
}

#[test]
fn damaged_calls_are_errors_and_no_panics() {
    let mut rng = super::random::Rng::from_seed(0);
    let text =
        "f(\"/a\u{e9}\", {kind: closed, name: \"n\\u{41}\", points: [(1, 2.5)]}, some(420)) // x";
    for _ in 0..20_000 {
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=rng.below(3) {
            let at = rng.below(chars.len());
            match rng.below(3) {
                0 => _ = chars.remove(at),
                1 => chars[at] = char::from(b' ' + rng.below(95) as u8),
                _ => chars.insert(
                    at,
                    ['"', '\\', '(', '{', '\'', '\n', '🦀', '%'][rng.below(8)],
                ),
            }
        }
        let text: String = chars.into_iter().collect();
        if let Err(error) = CallText::parse(&text).and_then(|call| call.to_vals(&params())) {
            assert!(!error.to_string().is_empty());
        }
    }
}
