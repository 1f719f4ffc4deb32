//! A text as lines that keep their ends.

use regex_lite::Regex;

/// One line: its text, and `\n`, `\r\n` or, at the end of the text, nothing.
pub struct Line<'a> {
    pub text: &'a str,
    pub end: &'a str,
}

/// All lines of a text.
pub struct Lines<'a>(pub Vec<Line<'a>>);

impl<'a> Lines<'a> {
    pub fn split(text: &'a str) -> Self {
        Self(text.split_inclusive('\n').map(Line::new).collect())
    }

    pub fn join(&self) -> String {
        self.0
            .iter()
            .flat_map(|line| [line.text, line.end])
            .collect()
    }

    pub fn last_match(&self, regexp: &Regex) -> Option<usize> {
        self.0.iter().rposition(|line| regexp.is_match(line.text))
    }

    /// Inserts a line whose end is like its neighbours'. A text whose last line had no end still has none then.
    pub fn insert(&mut self, at: usize, text: &'a str) {
        let end = self.end_near(at);
        let mut new = Line { text, end };
        if at == self.0.len()
            && let Some(last) = self.0.last_mut()
            && last.end.is_empty()
        {
            last.end = end;
            new.end = "";
        }
        self.0.insert(at, new);
    }

    fn end_near(&self, at: usize) -> &'a str {
        let (before, after) = self.0.split_at(at);
        let mut ends = before.iter().rev().chain(after).map(|line| line.end);
        ends.find(|end| !end.is_empty()).unwrap_or("\n")
    }
}

impl<'a> Line<'a> {
    fn new(line: &'a str) -> Self {
        let text = line
            .strip_suffix('\n')
            .map_or(line, |text| text.strip_suffix('\r').unwrap_or(text));
        Self {
            text,
            end: &line[text.len()..],
        }
    }
}
