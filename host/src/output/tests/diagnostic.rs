//! Errors as rustc shows them.

use super::plain;
use crate::error::Error;
use crate::output::source::Position;
use crate::output::{Diagnostic, Source};

#[test]
fn an_error_shows_its_line() {
    let text = "[[task]]\nname = \"motd\"\nfile = { path = \"/etc/motd\", mdoe = \"0644\" }\n";
    let source = Source::new("deploy.toml", text);
    let at = text.find("mdoe").unwrap();
    let error = Diagnostic::new("plan", "`file` has no parameter `mdoe`")
        .at(&source, at..at + 4, "no such parameter")
        .fact("expected", "option<string>")
        .help("did you mean `mode`?");
    let expected = "\
error[plan]: `file` has no parameter `mdoe`
 --> deploy.toml:3:30
  |
3 | file = { path = \"/etc/motd\", mdoe = \"0644\" }
  |                              ^^^^ no such parameter
  = expected: option<string>
  = help: did you mean `mode`?
";
    assert_eq!(plain(&error.render()), expected);
    assert_eq!(
        error.one_line(),
        "deploy.toml:3:30: `file` has no parameter `mdoe`; expected option<string>; did you mean `mode`?"
    );
}

#[test]
fn line_numbers_widen_the_margin() {
    let text = format!("{}x = 1\n", "\n".repeat(99));
    let source = Source::new("p", text);
    let error = Diagnostic::new("plan", "no").at(&source, 99..100, "");
    let expected = "\
error[plan]: no
   --> p:100:1
    |
100 | x = 1
    | ^
";
    assert_eq!(plain(&error.render()), expected);
}

#[test]
fn what_is_wrong_may_be_anywhere() {
    let source = Source::new("p", "a = 1");
    for (span, under) in [
        (0..99, "  | ^^^^^"),
        (5..5, "  |      ^"),
        (50..60, "  |      ^"),
    ] {
        let shown = plain(&Diagnostic::new("plan", "no").at(&source, span, "").render());
        assert_eq!(shown.lines().nth(4), Some(under));
    }
    let lines = Source::new("p", "a = [\n\t1,\n]");
    let shown = plain(&Diagnostic::new("plan", "no").at(&lines, 4..12, "").render());
    assert_eq!(shown.lines().nth(4), Some("  |     ^"));
    let shown = plain(&Diagnostic::new("plan", "no").at(&lines, 7..8, "").render());
    assert_eq!(shown.lines().nth(3), Some("2 |     1,"));
    assert_eq!(shown.lines().nth(4), Some("  |     ^"));
}

#[test]
fn a_long_line_is_cut_around_the_error() {
    let text = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
    let source = Source::new("p", text);
    let shown = plain(
        &Diagnostic::new("plan", "no")
            .at(&source, 500..504, "")
            .render(),
    );
    let line = shown.lines().nth(3).unwrap();
    let under = shown.lines().nth(4).unwrap();
    assert!(line.chars().count() < 120, "{line}");
    assert!(line.ends_with('…') && line.contains('…'));
    let column = under.find('^').unwrap();
    let here: String = line.chars().skip(column).take(4).collect();
    assert_eq!(here, "HERE");
}

#[test]
fn an_error_without_a_place_has_its_notes() {
    let error = Diagnostic::new("plan", "no host").help("name one");
    assert_eq!(
        plain(&error.render()),
        "error[plan]: no host\n  = help: name one\n"
    );
}

#[test]
fn positions_count_characters() {
    let source = Source::new("plan", "ä = 1\r\nb = 2\n");
    assert_eq!(source.position(0), Position { line: 1, column: 1 });
    assert_eq!(source.position(5), Position { line: 1, column: 5 });
    assert_eq!(source.position(8), Position { line: 2, column: 1 });
    assert_eq!(source.line(3), ("ä = 1", 0));
    assert_eq!(source.line(9), ("b = 2", 8));
    let end = Source::new("plan", "a\nbc");
    assert_eq!(end.position(99), Position { line: 2, column: 3 });
    assert_eq!(Source::new("plan", "").line(0), ("", 0));
}

#[test]
fn all_errors_of_a_text_are_shown_and_counted() {
    let error = |message| Diagnostic::new("plan", message);
    let both = Error::in_text("deploy.toml", vec![error("one"), error("two")]);
    assert_eq!(
        plain(&both.render()),
        "error[plan]: one\n\nerror[plan]: two\n\nerror: 2 errors in deploy.toml\n"
    );
    let one = Error::in_text("deploy.toml", vec![error("one")]);
    assert_eq!(plain(&one.render()), "error[plan]: one\n\n");
}
