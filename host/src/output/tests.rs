//! What people and programs see, letter by letter.

mod diagnostic;
mod diff;
mod human;
mod ping;
mod text;

use super::Screen;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// A stream that remembers.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    /// What was written, without escapes.
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap();
        plain(std::str::from_utf8(&bytes).unwrap())
    }

    /// What was written, escapes and all.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A screen, its standard output and its standard error.
pub(crate) fn screen() -> (Arc<Screen>, Memory, Memory) {
    let (out, err) = (Memory::default(), Memory::default());
    (Arc::new(Screen::to(out.clone(), err.clone())), out, err)
}

/// The text without escapes.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
