//! Where words go: results to standard output, everything else to standard error, and one
//! line on the terminal that says what is going on and leaves no trace.

use super::text::printable_lines;
use anstream::AutoStream;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The two streams and the transient line. Shared by everything that speaks.
///
/// Colours survive only where a person looks: on a terminal, with `NO_COLOR` unset.
pub struct Screen {
    state: Mutex<State>,
    live: bool,
    bytes: Bytes,
}

/// Where bytes go.
enum Bytes {
    /// To this process's standard output, where a person looks.
    Terminal,
    /// There, where a file or a program is.
    File,
    /// To a stream of the caller's choice.
    Out,
}

struct State {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// The first bytes of what a person sees when the others have come.
    begun: Vec<u8>,
    /// The transient line, while there is one.
    line: Option<ProgressBar>,
}

impl Screen {
    /// The streams of this process. The transient line needs a terminal.
    #[must_use]
    pub fn new() -> Self {
        let out = AutoStream::auto(io::stdout());
        let err = AutoStream::auto(io::stderr());
        let bytes = match io::stdout().is_terminal() {
            true => Bytes::Terminal,
            false => Bytes::File,
        };
        Self::of(out, err, io::stderr().is_terminal(), bytes)
    }

    /// Streams of the caller's choice, with escapes for colours in them, and no transient line.
    #[must_use]
    pub fn to(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self::of(out, err, false, Bytes::Out)
    }

    fn of(
        out: impl Write + Send + 'static,
        err: impl Write + Send + 'static,
        live: bool,
        bytes: Bytes,
    ) -> Self {
        let state = State {
            out: Box::new(out),
            err: Box::new(err),
            begun: Vec::new(),
            line: None,
        };
        Self {
            state: Mutex::new(state),
            live,
            bytes,
        }
    }

    /// Writes lines of the result to standard output.
    ///
    /// # Errors
    /// Nobody reads it any more, or the operating system refuses.
    pub fn result(&self, lines: &str) -> io::Result<()> {
        let State { out, line, .. } = &mut *self.state();
        around(line.as_ref(), || {
            out.write_all(lines.as_bytes())?;
            out.flush()
        })
    }

    /// Writes bytes to standard output as they are, for whoever reads it; where that is a terminal, what could
    /// steer it is shown and not done.
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        match self.bytes {
            Bytes::Terminal => self.result(&self.whole(bytes)),
            // Without the lock: whoever reads may pause, and others have something to say. What colours go through, `out`, leaves
            // out what may be an escape, and with it parts of a file.
            Bytes::File => {
                let mut out = io::stdout().lock();
                out.write_all(bytes)?;
                out.flush()
            }
            Bytes::Out => {
                let out = &mut self.state().out;
                out.write_all(bytes)?;
                out.flush()
            }
        }
    }

    /// As text for a terminal. What may go on in the next piece, a character or the end of a line, is kept for that.
    fn whole(&self, bytes: &[u8]) -> String {
        let mut state = self.state();
        let mut all = std::mem::take(&mut state.begun);
        all.extend_from_slice(bytes);
        let last = all.utf8_chunks().last();
        let rest = last.map_or(&[][..], |last| last.invalid());
        let is_begun = str::from_utf8(rest).is_err_and(|error| error.error_len().is_none());
        let mut end = all.len() - if is_begun { rest.len() } else { 0 };
        if all[..end].ends_with(b"\r") {
            end -= 1;
        }
        state.begun = all.split_off(end);
        printable_lines(&String::from_utf8_lossy(&all))
    }

    /// Writes lines for a person to standard error. If nobody reads them, they are lost.
    pub fn note(&self, lines: &str) {
        let State { err, line, .. } = &mut *self.state();
        around(line.as_ref(), || {
            let _ = err.write_all(lines.as_bytes()).and_then(|()| err.flush());
        });
    }

    /// Is there a person at a terminal who sees [`status`](Self::status)?
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Shows what is going on, until [`clear`](Self::clear). Nothing without a terminal.
    pub fn status(&self, text: &str) {
        if self.live {
            let mut state = self.state();
            let line = state.line.get_or_insert_with(transient_line);
            line.set_message(text.to_owned());
        }
    }

    /// Removes the transient line.
    pub fn clear(&self) {
        if let Some(line) = self.state().line.take() {
            line.finish_and_clear();
        }
    }

    /// The same, unless somebody is writing and cannot go on.
    pub fn clear_now(&self) {
        if let Ok(mut state) = self.state.try_lock()
            && let Some(line) = state.line.take()
        {
            line.finish_and_clear();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
    }
}

fn transient_line() -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(12);
    let line = ProgressBar::with_draw_target(None, target);
    // The template is a constant; were it wrong, the default would do.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        line.set_style(style);
    }
    line.enable_steady_tick(Duration::from_millis(100));
    line
}

fn around<T>(line: Option<&ProgressBar>, write: impl FnOnce() -> T) -> T {
    match line {
        Some(line) => line.suspend(write),
        None => write(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Screen};
    use crate::output::tests::Memory;

    #[test]
    fn what_a_terminal_shows_does_not_depend_on_where_it_was_cut() {
        let text = "ä€🦀\r\n\x1b[2J\u{e9}\n".as_bytes();
        for piece in 1..text.len() {
            let out = Memory::default();
            let screen = Screen::of(out.clone(), Memory::default(), false, Bytes::Terminal);
            for piece in text.chunks(piece) {
                screen.bytes(piece).unwrap();
            }
            assert_eq!(out.raw(), "ä€🦀\n\\u{1b}[2Jé\n", "pieces of {piece}");
        }
        let out = Memory::default();
        let screen = Screen::of(out.clone(), Memory::default(), false, Bytes::Terminal);
        screen.bytes(b"\xff\xe2").unwrap();
        screen.bytes(b"(").unwrap();
        assert_eq!(out.raw(), "\u{fffd}\u{fffd}(");
    }
}
