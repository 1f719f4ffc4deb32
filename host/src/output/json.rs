//! Events for programs: one JSON object per line on standard output.
//!
//! The texts of changes are in them only if somebody asked for a diff: a log of events shall not
//! become a copy of every secret that a plan installs.

use super::{Reporter, Screen};
use crate::deploy::event::{self, Change, Event, TaskFinished};
use std::io;
use std::sync::Arc;

/// Prints each event as a line of JSON.
pub struct Json {
    screen: Arc<Screen>,
    diff: bool,
}

impl Json {
    /// To this screen's standard output, with or without the texts of what changed.
    #[must_use]
    pub fn new(screen: Arc<Screen>, diff: bool) -> Self {
        Self { screen, diff }
    }
}

impl Reporter for Json {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let mut line = match event {
            Event::TaskFinished(task) if !self.diff => {
                let changes = task.changes.iter().map(Change::hidden).collect();
                let task = task.clone();
                event::to_json(&Event::TaskFinished(TaskFinished { changes, ..task }))?
            }
            event => event::to_json(event)?,
        };
        line.push('\n');
        self.screen.result(&line)
    }
}
