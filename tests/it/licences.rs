//! What is shipped may be passed on: the licences of all that is linked into it, as `deny.toml` allows them. `cargo deny check` looks
//! at more, and is not installed everywhere.

use crate::support::root;
use std::fs;
use std::process::Command;

/// The licences that `deny.toml` allows.
fn allowed() -> Vec<String> {
    let text = fs::read_to_string(root().join("deny.toml")).unwrap();
    let (_, list) = text.split_once("\nallow = [").unwrap();
    let (list, _) = list.split_once(']').unwrap();
    let quoted = list.split('"').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

/// Whether an SPDX expression (<https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/>) is met by these licences.
fn is_met(expression: &str, by: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ");
    let spaced = spaced.replace('(', " ( ").replace(')', " ) ");
    let mut words: Vec<_> = spaced.split_whitespace().rev().collect();
    let met = any(&mut words, by);
    assert!(words.is_empty(), "what does `{expression}` mean?");
    met
}

/// Words are taken from the end, where the first one is.
fn any(words: &mut Vec<&str>, by: &[String]) -> bool {
    let mut met = all(words, by);
    while words.pop_if(|word| *word == "OR").is_some() {
        met |= all(words, by);
    }
    met
}

fn all(words: &mut Vec<&str>, by: &[String]) -> bool {
    let mut met = one(words, by);
    while words.pop_if(|word| *word == "AND").is_some() {
        met &= one(words, by);
    }
    met
}

fn one(words: &mut Vec<&str>, by: &[String]) -> bool {
    let word = words.pop().unwrap();
    if word == "(" {
        let met = any(words, by);
        assert_eq!(words.pop(), Some(")"));
        return met;
    }
    let mut licence = word.to_owned();
    if words.pop_if(|word| *word == "WITH").is_some() {
        licence = format!("{word} WITH {}", words.pop().unwrap());
    }
    by.contains(&licence)
}

#[test]
fn an_expression_is_met_by_what_it_asks_for() {
    let by = ["MIT", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    for (expression, met) in [
        ("MIT", true),
        ("GPL-2.0 OR MIT", true),
        ("GPL-2.0/MIT", true),
        ("GPL-2.0 AND MIT", false),
        ("MIT AND (GPL-2.0 OR Apache-2.0 WITH LLVM-exception)", true),
        ("(MIT OR GPL-2.0) AND GPL-2.0", false),
        ("Apache-2.0", false),
    ] {
        assert_eq!(is_met(expression, &by), met, "{expression}");
    }
}

#[test]
fn all_that_is_linked_is_permissive() {
    let allowed = allowed();
    assert!(allowed.contains(&"MIT".to_owned()), "{allowed:?}");
    for (package, target) in [
        ("host", "x86_64-unknown-linux-gnu"),
        ("slave", "x86_64-unknown-linux-musl"),
        ("slave", "aarch64-unknown-linux-musl"),
    ] {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--prefix", "none", "--edges", "normal"])
            .args(["--format", "{p}|{l}", "--package", package])
            .args(["--target", target])
            .current_dir(root())
            .output()
            .unwrap();
        let tree = String::from_utf8(output.stdout).unwrap();
        assert!(tree.lines().count() > 50, "{tree}");
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let (crate_, licence) = line.split_once('|').unwrap();
            // One that was shown before has a mark behind it.
            let licence = licence.trim_end_matches(" (*)");
            assert!(
                is_met(licence, &allowed),
                "{crate_} has the licence `{licence}`"
            );
        }
    }
}
