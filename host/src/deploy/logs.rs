//! What guests and slaves say becomes events, in order with everything else that happens.

use super::Events;
use super::event::Event;
use crate::master::LogSink;
use proto::message::LogRecord;
use tokio::sync::mpsc::error::TrySendError;

/// Takes log records from the master.
pub struct Logs(Events);

impl Logs {
    /// Passes them on as events.
    #[must_use]
    pub fn new(events: Events) -> Self {
        Self(events)
    }
}

impl LogSink for Logs {
    fn record(&self, context: &str, record: &LogRecord) {
        let (host, module) = (context.to_owned(), record.module.clone());
        let event = if record.target == "progress" {
            Event::Progress {
                host,
                module,
                text: record.text.clone(),
            }
        } else {
            Event::Log {
                host,
                module,
                level: record.level,
                target: record.target.clone(),
                text: record.text.clone(),
            }
        };
        if let Err(TrySendError::Full(event)) = self.0.0.try_send(event) {
            // Whoever talks faster than anybody reads has to wait.
            tokio::task::block_in_place(|| {
                let _ = self.0.0.blocking_send(event);
            });
        }
    }
}
