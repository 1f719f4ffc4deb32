//! Times, sizes, and text that others wrote.

use crate::output::logs::Line;
use crate::output::text::{
    did_you_mean, duration, printable, printable_json, printable_lines, shell_word, shorten, size,
};
use proto::message::Level;
use std::time::Duration;

#[test]
fn times_and_sizes_read_well() {
    assert_eq!(duration(Duration::from_millis(420)), "0.4 s");
    assert_eq!(duration(Duration::from_secs(200)), "3 min 20 s");
    assert_eq!(duration(Duration::from_secs(7260)), "2 h 1 min");
    assert_eq!(size(1), "1 byte");
    assert_eq!(size(64 << 20), "64 MiB");
    assert_eq!(size(3 << 29), "1.5 GiB");
}

#[test]
fn a_guest_cannot_drive_the_terminal() {
    assert_eq!(printable("plain\ttext"), "plain\ttext");
    assert_eq!(printable("\x1b[2Jgone"), "\\u{1b}[2Jgone");
    assert_eq!(printable("a\u{202e}b"), "a\\u{202e}b");
    assert_eq!(printable("a\nb"), "a\\nb");
    assert_eq!(printable_lines("a\x1b\n\nb\n"), "a\\u{1b}\n\nb\n");
}

#[test]
fn long_lines_are_cut() {
    assert_eq!(shorten("abc\ndef", 5), "abc");
    assert_eq!(shorten("abcdef", 4), "abc…");
    assert_eq!(
        did_you_mean(Some("mode")).as_deref(),
        Some("did you mean `mode`?")
    );
}

fn line<'a>(module: Option<&'a str>, level: Level, target: &'a str, text: &'a str) -> Line<'a> {
    Line {
        context: None,
        module,
        level,
        target,
        text,
    }
}

#[test]
fn each_line_of_a_record_says_who_speaks() {
    let shown = |line: Line<'_>| super::plain(&line.render());
    let two = line(Some("hello"), Level::Info, "stdout", "one\ntwo\x1b[1m");
    assert_eq!(
        shown(two),
        "hello stdout: one\nhello stdout: two\\u{1b}[1m\n"
    );
    let warning = line(None, Level::Warn, "", "low on memory");
    assert_eq!(shown(warning), "slave: warning: low on memory\n");
    let empty = line(Some("hello"), Level::Info, "stdout", "");
    assert_eq!(shown(empty), "hello stdout: \n");
    let elsewhere = Line {
        context: Some("local"),
        ..line(Some("hello"), Level::Error, "x", "y")
    };
    assert_eq!(shown(elsewhere), "local hello x: error: y\n");
}

#[test]
fn slaves_are_quieter_than_guests() {
    let guest = line(Some("hello"), Level::Info, "", "");
    let slave = line(None, Level::Info, "", "");
    assert!(guest.is_wanted(0) && !slave.is_wanted(0) && slave.is_wanted(1));
    let trace = line(Some("hello"), Level::Trace, "", "");
    assert!(!trace.is_wanted(1) && trace.is_wanted(2));
}

#[test]
fn json_cannot_move_the_cursor_either() {
    let hostile = "a\u{9b}31m\u{7f}\u{202e}\u{feff}\u{1b}é🦀";
    let raw = serde_json::to_string(hostile).unwrap();
    let safe = printable_json(raw);
    assert_eq!(safe, "\"a\\u009b31m\\u007f\\u202e\\ufeff\\u001bé🦀\"");
    let back: String = serde_json::from_str(&safe).unwrap();
    assert_eq!(back, hostile);
}

#[test]
fn words_survive_a_shell() {
    assert_eq!(shell_word("/run/user/0/tour"), "/run/user/0/tour");
    assert_eq!(shell_word("/my files/$HOME"), "'/my files/$HOME'");
    assert_eq!(shell_word("it's"), r"'it'\''s'");
    assert_eq!(shell_word(""), "''");
}
