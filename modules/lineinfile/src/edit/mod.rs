//! Editing the lines of a text. This knows nothing of files, parameters or modes.

mod lines;

use regex_lite::Regex;

use lines::{Line, Lines};

/// What the text shall be like.
pub enum Spec {
    /// It has this line; in the place of the last line that `regexp` matches, if one does.
    Present {
        line: String,
        regexp: Option<Regex>,
        place: Place,
    },
    /// It has no such lines.
    Absent(Which),
}

/// Where a line goes that is missing.
pub enum Place {
    Beginning,
    End,
    /// After the last match, else at the end.
    After(Regex),
    /// Before the last match, else at the end.
    Before(Regex),
}

/// Which lines are meant.
pub enum Which {
    Equal(String),
    Matching(Regex),
}

/// The text after the edit, and what was done.
#[derive(Debug, PartialEq, Eq)]
pub struct Edited {
    pub text: String,
    /// The lines that are gone, without their ends.
    pub removed: Vec<String>,
    /// The line that is new, without its end.
    pub added: Option<String>,
}

impl Edited {
    fn unchanged(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            removed: Vec::new(),
            added: None,
        }
    }

    pub fn is_changed(&self) -> bool {
        self.added.is_some() || !self.removed.is_empty()
    }

    /// How many lines were added, replaced or removed.
    pub fn lines(&self) -> u32 {
        let lines = self.removed.len().max(usize::from(self.added.is_some()));
        u32::try_from(lines).unwrap_or(u32::MAX)
    }

    /// One line for a person.
    pub fn summary(&self) -> String {
        match (&self.added, self.removed.len()) {
            (Some(_), 0) => "line added".to_owned(),
            (Some(_), _) => "line replaced".to_owned(),
            (None, 1) => "line removed".to_owned(),
            (None, count) => format!("{count} lines removed"),
        }
    }

    /// The lines that are gone as one text.
    pub fn removed_text(&self) -> Option<String> {
        (!self.removed.is_empty()).then(|| self.removed.join("\n"))
    }
}

/// Makes the text as the spec says. All other lines stay as they are, with their ends.
pub fn edit(text: &str, spec: &Spec) -> Edited {
    let lines = Lines::split(text);
    match spec {
        Spec::Present {
            line,
            regexp,
            place,
        } => present(text, lines, line, regexp.as_ref(), place),
        Spec::Absent(which) => absent(text, lines, which),
    }
}

fn present<'a>(
    text: &str,
    mut lines: Lines<'a>,
    line: &'a str,
    regexp: Option<&Regex>,
    place: &Place,
) -> Edited {
    let matched = regexp.and_then(|regexp| lines.last_match(regexp));
    let removed = match matched {
        Some(at) if lines.0[at].text == line => return Edited::unchanged(text),
        Some(at) => vec![std::mem::replace(&mut lines.0[at].text, line).to_owned()],
        // A regexp that does not match the line itself must not add it once more with each run.
        None if lines.0.iter().any(|found| found.text == line) => return Edited::unchanged(text),
        None => {
            let at = position(&lines, place);
            lines.insert(at, line);
            Vec::new()
        }
    };
    Edited {
        text: lines.join(),
        removed,
        added: Some(line.to_owned()),
    }
}

fn position(lines: &Lines<'_>, place: &Place) -> usize {
    let end = lines.0.len();
    match place {
        Place::Beginning => 0,
        Place::End => end,
        Place::After(regexp) => lines.last_match(regexp).map_or(end, |at| at + 1),
        Place::Before(regexp) => lines.last_match(regexp).unwrap_or(end),
    }
}

fn absent(text: &str, lines: Lines<'_>, which: &Which) -> Edited {
    let is_meant = |line: &Line<'_>| match which {
        Which::Equal(wanted) => line.text == wanted,
        Which::Matching(regexp) => regexp.is_match(line.text),
    };
    let (removed, kept): (Vec<_>, Vec<_>) = lines.0.into_iter().partition(is_meant);
    if removed.is_empty() {
        return Edited::unchanged(text);
    }
    Edited {
        text: Lines(kept).join(),
        removed: removed
            .into_iter()
            .map(|line| line.text.to_owned())
            .collect(),
        added: None,
    }
}

#[cfg(test)]
mod tests;
