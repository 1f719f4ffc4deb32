//! Words as a shell quotes them, so that a grant can be read only in one way.

use std::borrow::Cow;

/// A word, and where in it the first quote was.
#[derive(Default)]
pub(super) struct Word {
    pub(super) text: String,
    quoted: Option<usize>,
}

impl Word {
    /// The word, if no part of it was quoted: only then it can have a meaning of its own.
    pub(super) fn bare(&self) -> Option<&str> {
        self.quoted.is_none().then_some(&self.text)
    }

    /// The name and the value of `NAME=VALUE`, where the name is one and was not quoted.
    pub(super) fn assignment(&self) -> Option<(&str, &str)> {
        let (name, value) = self.text.split_once('=')?;
        let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        let first = name.bytes().next().is_some_and(letter);
        let all = name
            .bytes()
            .all(|byte| letter(byte) || byte.is_ascii_digit());
        let bare = self.quoted.is_none_or(|at| at > name.len());
        (first && all && bare).then_some((name, value))
    }
}

/// Cuts a text into words: at white space, but not inside `'...'` and `"..."` or after `\`. Nothing is
/// expanded. None if a quote is not closed.
pub(super) fn split(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut rest = text.chars();
    while let Some(char) = rest.next() {
        if char.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let Word { text, quoted } = word.get_or_insert_default();
        if matches!(char, '\'' | '"' | '\\') {
            quoted.get_or_insert(text.len());
        }
        match char {
            '\'' => loop {
                match rest.next()? {
                    '\'' => break,
                    inner => text.push(inner),
                }
            },
            '"' => loop {
                match rest.next()? {
                    '"' => break,
                    '\\' => text.push(rest.next()?),
                    inner => text.push(inner),
                }
            },
            '\\' => text.push(rest.next()?),
            plain => text.push(plain),
        }
    }
    words.extend(word);
    Some(words)
}

/// What is one quoted word, or no quoted word at all. None for anything else that begins with a quote.
pub(super) fn unquoted(text: &str) -> Option<Cow<'_, str>> {
    if !text.starts_with(['\'', '"']) {
        return Some(text.into());
    }
    let [word] = <[Word; 1]>::try_from(split(text)?).ok()?;
    Some(word.text.into())
}

/// The word as [`split`] reads it back. What has a meaning in a grant or between grants is quoted.
pub(super) fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_@%+=:./-".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
