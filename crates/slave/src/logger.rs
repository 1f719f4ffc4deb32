//! The slave's own log: its records go to the master. Those from before the link wait for it; when
//! more come than can be sent they are counted, and the count is sent.

use broker::Broker;
use proto::message::{Level, LogRecord};
use proto::{Body, ContextId, Handle};
use std::fmt::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Records that wait to be sent.
const WAITING: usize = 256;

/// The receiving end.
pub(crate) struct Logger {
    records: mpsc::Receiver<LogRecord>,
    lost: Arc<AtomicU64>,
}

struct Recorder {
    records: mpsc::Sender<LogRecord>,
    lost: Arc<AtomicU64>,
}

impl Logger {
    /// Becomes the process's log.
    pub(crate) fn install() -> Self {
        let (sender, records) = mpsc::channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let recorder = Recorder {
            records: sender,
            lost: lost.clone(),
        };
        // Fails only if there is a log already, and this is called once.
        let _ = tracing::subscriber::set_global_default(recorder);
        Self { records, lost }
    }

    /// Sends records until the process ends.
    pub(crate) async fn forward(mut self, broker: Broker) {
        while let Some(record) = self.records.recv().await {
            send(&broker, &record).await;
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                let text = format!("{lost} log records of this context were lost");
                send(&broker, &own(Level::Warn, "slave", text)).await;
            }
        }
    }
}

fn own(level: Level, target: &str, text: String) -> LogRecord {
    LogRecord {
        module: None,
        level,
        target: target.to_owned(),
        text,
    }
}

async fn send(broker: &Broker, record: &LogRecord) {
    if let Ok(body) = Body::new(record) {
        // There is nobody to tell about a log record that is too large.
        let _ = broker
            .post(ContextId::MASTER, Handle::FORWARD_LOG, body)
            .await;
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            tracing::Level::DEBUG => Level::Debug,
            tracing::Level::TRACE => Level::Trace,
        };
        let record = own(level, event.metadata().target(), text.0);
        if self.records.try_send(record).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    // The slave has no spans: a call's records name its module.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The message, then the other fields as `name=value`.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = if field.name() == "message" {
            write!(self.0, "{value:?}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
    }
}
