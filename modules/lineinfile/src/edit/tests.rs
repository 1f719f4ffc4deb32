//! Editing texts.

use super::*;

fn re(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is right")
}

fn present(line: &str, regexp: Option<&str>, place: Place) -> Spec {
    Spec::Present {
        line: line.to_owned(),
        regexp: regexp.map(re),
        place,
    }
}

fn equal(line: &str) -> Spec {
    Spec::Absent(Which::Equal(line.to_owned()))
}

fn matching(pattern: &str) -> Spec {
    Spec::Absent(Which::Matching(re(pattern)))
}

/// Edits, and checks that a second edit changes nothing.
#[track_caller]
fn check(text: &str, spec: &Spec, expected: &str) {
    let edited = edit(text, spec);
    assert_eq!(edited.text, expected);
    assert_eq!(edited.is_changed(), text != expected);
    let again = edit(&edited.text, spec);
    assert_eq!(again, Edited::unchanged(expected), "a second edit");
}

#[test]
fn a_missing_line_is_added_at_the_end() {
    check("a\nb\n", &present("c", None, Place::End), "a\nb\nc\n");
}

#[test]
fn a_line_that_is_there_is_left_where_it_is() {
    check("c\na\n", &present("c", None, Place::End), "c\na\n");
    check(
        "c\na\n",
        &present("c", None, Place::After(re("a"))),
        "c\na\n",
    );
}

#[test]
fn an_equal_line_has_no_space_more_or_less() {
    check("c \n", &present("c", None, Place::End), "c \nc\n");
    check("xc\n", &present("c", None, Place::End), "xc\nc\n");
}

#[test]
fn a_line_goes_to_the_beginning() {
    check("a\n", &present("c", None, Place::Beginning), "c\na\n");
    check("a", &present("c", None, Place::Beginning), "c\na");
}

#[test]
fn a_line_goes_after_the_last_match() {
    let spec = || present("new", None, Place::After(re("^a")));
    check("a1\na2\nb\n", &spec(), "a1\na2\nnew\nb\n");
    check("b\na\n", &spec(), "b\na\nnew\n");
    check("b\na", &spec(), "b\na\nnew");
    check("b\n", &spec(), "b\nnew\n");
}

#[test]
fn a_line_goes_before_the_last_match() {
    let spec = || present("new", None, Place::Before(re("^a")));
    check("a1\na2\nb\n", &spec(), "a1\nnew\na2\nb\n");
    check("a", &spec(), "new\na");
    check("b\n", &spec(), "b\nnew\n");
}

#[test]
fn the_last_match_is_replaced_and_no_other() {
    let spec = present("Port 22", Some("^#?Port "), Place::End);
    check("Port 1\n#Port 2\nx\n", &spec, "Port 1\nPort 22\nx\n");
    check("x\n", &spec, "x\nPort 22\n");
    check("Port 22\n", &spec, "Port 22\n");
}

#[test]
fn a_match_decides_before_the_place() {
    let spec = present("new", Some("^old"), Place::After(re("^a")));
    check("a\nb\nold\n", &spec, "a\nb\nnew\n");
}

#[test]
fn a_regexp_that_does_not_match_the_line_adds_it_once() {
    check("old\n", &present("new", Some("^old$"), Place::End), "new\n");
    check(
        "x\n",
        &present("new", Some("^old$"), Place::End),
        "x\nnew\n",
    );
}

#[test]
fn anchors_do_not_see_the_end_of_the_line() {
    check(
        "a\r\nb\r\n",
        &present("c", Some("^a$"), Place::End),
        "c\r\nb\r\n",
    );
    check("a\r\nb\r\n", &matching("b$"), "a\r\n");
}

#[test]
fn ends_of_lines_are_kept() {
    check(
        "a\r\nb\r\n",
        &present("c", None, Place::End),
        "a\r\nb\r\nc\r\n",
    );
    check("a\r\nb", &present("c", None, Place::End), "a\r\nb\r\nc");
    check(
        "a\r\nb\nc\n",
        &present("x", None, Place::After(re("a"))),
        "a\r\nx\r\nb\nc\n",
    );
    check(
        "a\nb\r\n",
        &present("xb", Some("b"), Place::End),
        "a\nxb\r\n",
    );
    check("a\rb\n", &present("c", None, Place::End), "a\rb\nc\n");
}

#[test]
fn a_missing_final_end_stays_missing() {
    check("a\nb", &present("c", None, Place::End), "a\nb\nc");
    check("a\nb", &present("xb", Some("b"), Place::End), "a\nxb");
    check(
        "a\nb",
        &present("c", None, Place::Before(re("b"))),
        "a\nc\nb",
    );
    check("a", &present("c", None, Place::End), "a\nc");
}

#[test]
fn an_empty_text_gets_a_whole_line() {
    for place in [
        Place::End,
        Place::Beginning,
        Place::After(re("a")),
        Place::Before(re("a")),
    ] {
        check("", &present("c", None, place), "c\n");
    }
}

#[test]
fn an_empty_line_is_a_line() {
    check("a\n", &present("", None, Place::End), "a\n\n");
    check("a\n\nb\n", &present("", None, Place::End), "a\n\nb\n");
    check("a\n\nb\n", &equal(""), "a\nb\n");
}

#[test]
fn absent_removes_each_equal_line() {
    check("a\nb\na\nab\n", &equal("a"), "b\nab\n");
    check("a\n", &equal("a"), "");
    check("", &equal("a"), "");
    check("b\n", &equal("a"), "b\n");
}

#[test]
fn absent_removes_each_match() {
    check("# x\na\n# y\n", &matching("^#"), "a\n");
    check("a\nb\n", &matching("c"), "a\nb\n");
}

#[test]
fn removing_the_last_line_leaves_the_others_alone() {
    check("a\nb", &equal("b"), "a\n");
    check("a\r\nb\r\n", &equal("b"), "a\r\n");
}

#[test]
fn what_was_done_is_told() {
    let summary = |text: &str, spec: &Spec| {
        let edited = edit(text, spec);
        (edited.summary(), edited.lines(), edited.removed_text())
    };
    assert_eq!(
        summary("", &present("c", None, Place::End)),
        ("line added".to_owned(), 1, None)
    );
    assert_eq!(
        summary("a\n", &present("c", Some("a"), Place::End)),
        ("line replaced".to_owned(), 1, Some("a".to_owned()))
    );
    assert_eq!(
        summary("a\nb\n", &equal("a")),
        ("line removed".to_owned(), 1, Some("a".to_owned()))
    );
    assert_eq!(
        summary("a\nab\n", &matching("a")),
        ("2 lines removed".to_owned(), 2, Some("a\nab".to_owned()))
    );
}

#[test]
fn text_beyond_ascii_is_text() {
    check(
        "größe=1\n",
        &present("größe=2", Some("^größe="), Place::End),
        "größe=2\n",
    );
}

#[test]
fn no_edit_touches_another_line() {
    // Every text of up to four lines out of these, with and without a final end, under every kind of edit.
    let specs = [
        present("x", None, Place::End),
        present("x", None, Place::Beginning),
        present("x", Some("^[abx]$"), Place::After(re("b"))),
        present("x", None, Place::Before(re("a"))),
        equal("a"),
        matching("[ab]"),
    ];
    let lines = ["a\n", "b\r\n", "x\n", "\n", "c\r\n"];
    for number in 0..lines.len().pow(4) {
        let picked: Vec<&str> = (0..4)
            .map(|digit| lines[number / lines.len().pow(digit) % lines.len()])
            .collect();
        for length in 0..=4 {
            let whole = picked[..length].concat();
            for text in [whole.as_str(), without_final_end(&whole)] {
                for spec in &specs {
                    let edited = edit(text, spec);
                    assert_eq!(
                        edit(&edited.text, spec),
                        Edited::unchanged(&edited.text),
                        "{text:?}"
                    );
                    let mut expected: Vec<&str> = contents(text);
                    let mut left = contents(&edited.text);
                    for removed in &edited.removed {
                        let at = expected
                            .iter()
                            .rposition(|line| line == removed)
                            .expect("it was there");
                        expected.remove(at);
                    }
                    if let Some(added) = &edited.added {
                        let at = left
                            .iter()
                            .position(|line| line == added)
                            .expect("it is there");
                        left.remove(at);
                    }
                    assert_eq!(left.len(), expected.len(), "{text:?} -> {:?}", edited.text);
                    left.sort_unstable();
                    expected.sort_unstable();
                    assert_eq!(left, expected, "{text:?} -> {:?}", edited.text);
                }
            }
        }
    }
}

fn without_final_end(text: &str) -> &str {
    text.strip_suffix("\r\n")
        .or(text.strip_suffix('\n'))
        .unwrap_or(text)
}

fn contents(text: &str) -> Vec<&str> {
    Lines::split(text).0.iter().map(|line| line.text).collect()
}
