//! The helpers behind errors: the nearest name, and the underlined line.

use crate::value::caret::underline;
use crate::value::nearest;

#[test]
fn the_nearest_name_is_what_was_meant() {
    let names = ["path", "mode", "owner", "timeout-ms", "recursive"];
    for (name, meant) in [
        ("pth", Some("path")),
        ("paht", Some("path")),
        ("Path", Some("path")),
        ("onwer", Some("owner")),
        ("timeout_ms", Some("timeout-ms")),
        ("timeout", Some("timeout-ms")),
        ("recursiv", Some("recursive")),
        ("recursion", Some("recursive")),
        ("m", None),
        ("colour", None),
        ("", None),
        ("x", None),
    ] {
        assert_eq!(nearest(name, names), meant, "{name}");
    }
    assert_eq!(nearest("x", ["y"]), None, "one letter says nothing");
    assert_eq!(
        nearest("ab", ["ac", "ad"]),
        Some("ac"),
        "the first of equals"
    );
    assert_eq!(
        nearest(&"n".repeat(10_000), [&*"n".repeat(9_999)]),
        None.or(Some(&*"n".repeat(9_999)))
    );
}

#[test]
fn lines_are_underlined() {
    assert_eq!(underline("add(1, x)", &(7..8)), "  add(1, x)\n         ^");
    assert_eq!(underline("", &(0..0)), "  \n  ^");
    assert_eq!(underline("ab", &(9..12)), "  ab\n    ^", "behind the end");
    assert_eq!(
        underline("é\tx", &(3..4)),
        "  é x\n    ^",
        "columns are characters"
    );
    assert_eq!(
        underline("one\ntwo three\nfour", &(8..15)),
        "  two three\n      ^^^^^"
    );
}

#[test]
fn long_lines_are_cut_around_what_is_wrong() {
    let text = format!("{}WRONG{}", "a".repeat(500), "b".repeat(500));
    let shown = underline(&text, &(500..505));
    let (line, carets) = shown.split_once('\n').unwrap();
    assert!(line.chars().count() < 120, "{line}");
    let at = carets.find('^').unwrap();
    assert_eq!(line.get(at..at + 5), Some("WRONG"), "{shown}");
    assert_eq!(carets.trim(), "^^^^^");
    assert!(line.trim().starts_with("...") && line.ends_with("..."));

    let all = "x".repeat(1000);
    let shown = underline(&all, &(0..1000));
    assert!(
        shown.lines().all(|line| line.chars().count() < 120),
        "{shown}"
    );
}
