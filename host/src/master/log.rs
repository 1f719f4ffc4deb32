//! Where the log records of slaves and their guests go.

use proto::message::{Level, LogRecord};

/// Takes the log records of slaves and of their guests.
pub trait LogSink: Send + Sync {
    /// One record from a context. Called in the order in which they came; what blocks slows that context.
    fn record(&self, context: &str, record: &LogRecord);
}

/// Makes each record an event of `tracing`: with the fields `context`, `module` and `part`, which is the target that the
/// record itself names, at its own level, under the target `zymogen::remote`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingLog;

impl LogSink for TracingLog {
    fn record(&self, context: &str, record: &LogRecord) {
        let LogRecord {
            module,
            level,
            target: part,
            text,
        } = record;
        let module = module.as_deref();
        // The level of an event is part of its code.
        macro_rules! event {
            ($level:ident) => {
                tracing::event!(
                    target: "zymogen::remote",
                    tracing::Level::$level,
                    context,
                    module,
                    part,
                    "{text}"
                )
            };
        }
        match level {
            Level::Trace => event!(TRACE),
            Level::Debug => event!(DEBUG),
            Level::Info => event!(INFO),
            Level::Warn => event!(WARN),
            Level::Error => event!(ERROR),
        }
    }
}
