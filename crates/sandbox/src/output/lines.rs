//! Puts the bytes of a stream together to whole lines.

/// A line without an end is cut after so many bytes, and lines are sent together up to this.
const RECORD: usize = 8 << 10;

pub(super) struct Partial {
    pub(super) target: &'static str,
    partial: Vec<u8>,
}

impl Partial {
    pub(super) fn new(target: &'static str) -> Self {
        Self {
            target,
            partial: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
    }

    /// A record's worth of lines, if there is so much. Without the last one's end, as all of these.
    pub(super) fn cut(&mut self) -> Option<String> {
        let window = self.partial.get(..RECORD)?;
        let end = window.iter().rposition(|byte| *byte == b'\n');
        let cut = end.unwrap_or_else(|| whole(window));
        Some(self.take(cut, end.map_or(cut, |end| end + 1)))
    }

    /// The lines that are complete now, if there are any.
    pub(super) fn complete(&mut self) -> Option<String> {
        let end = self.partial.iter().rposition(|byte| *byte == b'\n')?;
        Some(self.take(end, end + 1))
    }

    /// All that is left, if anything is.
    pub(super) fn rest(&mut self) -> Option<String> {
        let len = self.partial.len();
        (len > 0).then(|| self.take(len, len))
    }

    fn take(&mut self, end: usize, skip: usize) -> String {
        let text = String::from_utf8_lossy(&self.partial[..end]).into_owned();
        self.partial.drain(..skip);
        text
    }
}

/// How many of the bytes there are without a character at their end that is only begun.
fn whole(bytes: &[u8]) -> usize {
    let last = bytes.utf8_chunks().last();
    let rest = last.map_or(&[][..], |last| last.invalid());
    let is_begun = str::from_utf8(rest).is_err_and(|error| error.error_len().is_none());
    bytes.len() - if is_begun { rest.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::{Partial, RECORD};

    #[test]
    fn a_long_line_is_cut_between_characters() {
        for text in ["a", "ß", "€", "🦀"] {
            for before in 0..4 {
                let line = "-".repeat(before) + &text.repeat(RECORD);
                let mut partial = Partial::new("stdout");
                partial.push(line.as_bytes());
                let mut cut = String::new();
                while let Some(piece) = partial.cut() {
                    assert!(piece.len() > RECORD - 4 && piece.len() <= RECORD);
                    cut.push_str(&piece);
                }
                cut.push_str(&partial.rest().unwrap_or_default());
                assert_eq!(cut, line);
            }
        }
        // What is no text is cut all the same.
        let mut partial = Partial::new("stdout");
        partial.push(&[0x80; RECORD]);
        assert!(partial.cut().is_some());
    }
}
