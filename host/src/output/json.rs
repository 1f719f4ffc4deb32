//! Events for programs: one JSON object per line on standard output.

use super::{Reporter, Screen};
use crate::deploy::event::{self, Event};
use std::io;
use std::sync::Arc;

/// Prints each event as a line of JSON.
pub struct Json {
    screen: Arc<Screen>,
}

impl Json {
    /// To this screen's standard output.
    #[must_use]
    pub fn new(screen: Arc<Screen>) -> Self {
        Self { screen }
    }
}

impl Reporter for Json {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let mut line = event::to_json(event)?;
        line.push('\n');
        self.screen.result(&line)
    }
}
