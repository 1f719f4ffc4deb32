//! A line of text with its wrong part underlined.

use std::ops::Range;

/// So many characters of a line are shown around what is wrong.
const WIDTH: usize = 100;

/// The line of `text` that `span` begins in, and below it carets under the span, each line indented by
/// two spaces. A span that is out of the text points behind its end.
///
/// ```text
///   create("/etc/motd", "0644")
///                       ^^^^^^
/// ```
pub fn underline(text: &str, span: &Range<usize>) -> String {
    let start = floor(text, span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[start..]
        .find('\n')
        .map_or(text.len(), |newline| start + newline);
    let end = floor(text, span.end).clamp(start, line_end);

    let before: Vec<char> = text[line_start..start].chars().map(visible).collect();
    let wrong = text[start..end].chars().count().clamp(1, WIDTH);
    // A long line is cut in front of what is wrong, so that this is seen.
    let cut = if before.len() + wrong > WIDTH {
        before.len().saturating_sub(WIDTH / 2)
    } else {
        0
    };
    let mut shown: String = if cut > 0 { "...".into() } else { String::new() };
    let margin = shown.chars().count() + before.len() - cut;
    shown.extend(&before[cut..]);
    let mut rest = text[start..line_end].chars().map(visible);
    shown.extend(
        rest.by_ref()
            .take((WIDTH - (before.len() - cut).min(WIDTH)).max(wrong)),
    );
    if rest.next().is_some() {
        shown.push_str("...");
    }
    format!("  {shown}\n  {}{}", " ".repeat(margin), "^".repeat(wrong))
}

/// One column for each character: a tab or escape would move what follows.
fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// The start of the character at this byte, or the end of the text.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}
