//! What contexts send to the master: requests for modules and sources, log records.

#[cfg(test)]
mod tests;

use super::LogSink;
use super::library::Library;
use super::tree::Tree;
use broker::content::Server;
use broker::{Broker, Event, Receive};
use proto::message::LogRecord;
use proto::router::Message;
use proto::{Handle, Limits};
use std::sync::Arc;

/// A record is one line, of which a guest's host makes no more than some KiB.
const RECORD: Limits = Limits { max_body: 1 << 20 };

/// The master's receiver.
pub(super) struct Receiver {
    pub(super) library: Arc<Library>,
    pub(super) server: Server,
    pub(super) tree: Arc<Tree>,
    pub(super) log: Arc<dyn LogSink>,
}

impl Receive for Receiver {
    fn receive(&self, broker: &Broker, message: Message) {
        match message.handle {
            Handle::GET_MODULE | Handle::GET_RESOURCE => self.server.asked(broker, &message),
            Handle::FORWARD_LOG => {
                let name = self.library.name(message.src);
                match message.body.decode::<LogRecord>(RECORD) {
                    Ok(record) => self.log.record(&name, &record),
                    Err(error) => tracing::warn!("dropped a log record from {name}: {error}"),
                }
            }
            _ => {}
        }
    }

    fn event(&self, _broker: &Broker, event: Event) {
        if let Event::Gone { contexts, .. } = &event {
            for context in contexts {
                self.server.left(*context);
                self.library.left(*context);
            }
        }
        self.tree.happened(event);
    }
}
