//! Calls: the examples of `docs/VALUES.md` in WAVE, other ways to say the same, and slips.

use super::Seed;
use super::table::rows;
use super::value::number;
use std::collections::BTreeSet;

/// The more interesting ones, with the types that they are for.
const WRITTEN: [(&str, &str); 25] = [
    ("list<u8>", r#"f("hi\u{41}")"#),
    ("list<u8, 3>", r#"f("abc", none)"#),
    ("result<u32, string>", "f(5, some(1))"),
    ("string", "f(\"\"\"\n  two\n  lines\n  \"\"\")"),
    ("char", r"ns:pkg/iface@1.0.0-rc.1#f ( '\u{1f980}' ) // done"),
    ("map<string, u32>", r#"f([("k", 1), ("k", 2),], 7)"#),
    ("enum { ok, not-found }", "f(%ok)"),
    ("f32", "f(1e-20)"),
    ("f64", "f(-1E+300)"),
    ("f32", "f(1e39)"),
    ("u8", "f(256)"),
    ("u8", r#"f("1")"#),
    ("string", "f(name)"),
    ("string", r#"f("\u{d800}")"#),
    ("char", "f('ab')"),
    ("enum { check, apply }", "f(chekc, 2)"),
    ("flags { read, write, exec }", "f({read, read})"),
    (
        "record { path: string, mode: option<u32> }",
        r#"f({pth: "ä", mode: 1})"#,
    ),
    (
        "record { path: string, mode: option<u32> }",
        r#"f({path: "/a", path: "/b"})"#,
    ),
    ("list<string>", "f([[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
    ("tuple<u8, string>", "f((1, \"a\") 2"),
    ("string", "f(\"\"\"\u{e9}\n\"\"\")"),
    ("bool", "f()"),
    ("bool", "f(true, 1, 2)"),
    ("bool", "(true)"),
];

pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut seen = BTreeSet::new();
    for row in rows("Examples, byte for byte") {
        let [Some(wit), _, Some(wave), ..] = row.as_slice() else {
            panic!("{row:?} needs a type and WAVE");
        };
        if seen.insert(wit.clone()) {
            let name = format!("example-{:03}", number(wit));
            seeds.push((name, input(wit, &format!("f({wave})"))));
        }
    }
    for (at, (wit, text)) in WRITTEN.iter().enumerate() {
        seeds.push((format!("written-{at:02}"), input(wit, text)));
    }
    seeds
}

fn input(wit: &str, text: &str) -> Vec<u8> {
    [&[number(wit)], text.as_bytes()].concat()
}
