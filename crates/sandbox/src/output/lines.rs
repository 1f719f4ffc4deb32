//! Puts the bytes of a stream together to whole lines.

/// A line without an end is cut after so many bytes, and lines are sent together up to this.
const RECORD: usize = 8 << 10;

pub(super) struct Lines {
    pub(super) target: &'static str,
    partial: Vec<u8>,
}

impl Lines {
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
        Some(self.take(end.unwrap_or(RECORD), end.map_or(RECORD, |end| end + 1)))
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
