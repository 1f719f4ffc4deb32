//! The lines that have no end yet, where questions stand.

use tokio::sync::watch;
use tokio::time::Instant;

/// Of a longer line only so many bytes at its beginning are kept, and again at its end.
const MAX_END: usize = 200;

/// What stands between the two.
const GAP: &str = "... ";

/// One for each stream on which a program may ask.
pub(super) type Lines = [Option<Line>; 2];

/// A line without an end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) since: Instant,
}

/// Where one stream of a program puts its unended line.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    lines: watch::Sender<Lines>,
    stream: usize,
}

impl Pending {
    /// Those of the two streams of a program.
    pub(crate) fn pair() -> [Self; 2] {
        let lines = watch::Sender::new(Lines::default());
        [0, 1].map(|stream| Self {
            lines: lines.clone(),
            stream,
        })
    }

    /// What stands in the line now that something was read. The same again is asked again. `whole` is false if its beginning
    /// is not there any more.
    pub(crate) fn set(&self, line: &[u8], whole: bool) {
        let line = (!line.is_empty()).then(|| Line {
            text: shortened(line, whole),
            since: Instant::now(),
        });
        self.lines.send_modify(|lines| lines[self.stream] = line);
    }

    pub(super) fn lines(&self) -> &watch::Sender<Lines> {
        &self.lines
    }
}

/// Takes a line away, unless another one stands there by now.
pub(super) fn take(lines: &watch::Sender<Lines>, seen: &Line) {
    lines.send_if_modified(|lines| {
        for line in lines {
            line.take_if(|line| line == seen);
        }
        false
    });
}

/// Enough of a line to know a question by its first and by its last words.
fn shortened(line: &[u8], whole: bool) -> String {
    if whole && line.len() <= 2 * MAX_END {
        return String::from_utf8_lossy(line).into_owned();
    }
    let head = if whole { &line[..MAX_END] } else { &[] };
    let tail = &line[line.len().saturating_sub(MAX_END)..];
    [head, GAP.as_bytes(), tail]
        .map(String::from_utf8_lossy)
        .concat()
}
