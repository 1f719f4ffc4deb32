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

/// How many of the bytes are whole characters of UTF-8, as far as their end tells.
fn whole(bytes: &[u8]) -> usize {
    for (at, byte) in bytes.iter().enumerate().rev().take(3) {
        let length = match byte {
            0x80..=0xbf => continue,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0.. => 4,
            _ => 1,
        };
        return if at + length > bytes.len() {
            at
        } else {
            bytes.len()
        };
    }
    bytes.len()
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
