//! Changes in the fewest lines.

use super::plain;
use crate::deploy::event::Change;
use crate::output::diff::{Detail, lines};

fn change(before: Option<&str>, after: Option<&str>) -> Change {
    Change {
        subject: "/etc/app.conf".to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
        content_hidden: false,
    }
}

fn shown(change: &Change, detail: Detail) -> Vec<String> {
    lines(change, detail)
        .iter()
        .map(|line| plain(line))
        .collect()
}

#[test]
fn changed_lines_stand_among_their_neighbours() {
    let change = change(
        Some("a\nb\nport = 80\nc\nd\n"),
        Some("a\nb\nport = 8080\nc\nd\n"),
    );
    let expected = [" a", " b", "-port = 80", "+port = 8080", " c", " d"];
    assert_eq!(shown(&change, Detail::Full), expected);
    let expected = [" b", "-port = 80", "+port = 8080", " c"];
    assert_eq!(shown(&change, Detail::Lines(6)), expected);
    assert!(shown(&change, Detail::Summary).is_empty());
}

#[test]
fn single_words_stand_side_by_side() {
    let change = change(Some("0644"), Some("0600"));
    assert_eq!(shown(&change, Detail::Full), ["0644 -> 0600"]);
}

#[test]
fn new_and_gone_texts_are_all_of_one_kind() {
    assert_eq!(
        shown(&change(None, Some("a\nb\n")), Detail::Full),
        ["+a", "+b"]
    );
    assert_eq!(shown(&change(Some("a\n"), None), Detail::Full), ["-a"]);
    assert!(shown(&change(None, None), Detail::Full).is_empty());
    assert_eq!(
        shown(&change(None, Some("../target")), Detail::Full),
        ["+../target"]
    );
    let open_end = shown(&change(None, Some("a\nb")), Detail::Full);
    assert_eq!(open_end, ["+a", "+b", " (no newline at the end)"]);
}

#[test]
fn many_lines_are_cut() {
    let long: String = (0..20).map(|number| format!("{number}\n")).collect();
    let short = shown(&change(None, Some(&long)), Detail::Lines(3));
    assert_eq!(short, ["+0", "+1", "+2", "… 17 lines more, -D shows all"]);
    // One line would take as much room as the line that says so.
    assert_eq!(
        shown(&change(None, Some("a\nb\nc\nd\n")), Detail::Lines(3)).len(),
        4
    );
}

#[test]
fn far_apart_changes_are_apart() {
    let lines: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let before = lines.join("\n") + "\n";
    let after = before
        .replace("\n2\n", "\ntwo\n")
        .replace("\n30\n", "\nthirty\n");
    let shown = shown(&change(Some(&before), Some(&after)), Detail::Full);
    assert!(shown.contains(&"...".to_owned()), "{shown:?}");
}
