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

#[cfg(test)]
mod tests {
    use super::{LogSink, TracingLog};
    use proto::message::{Level, LogRecord};
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            written.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_record_is_an_event_with_its_level_context_module_and_part() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .without_time()
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            for (level, module) in [
                (Level::Warn, Some("calc")),
                (Level::Info, None),
                (Level::Debug, None),
            ] {
                let record = LogRecord {
                    module: module.map(str::to_owned),
                    level,
                    target: "stderr".to_owned(),
                    text: "disk is full".to_owned(),
                };
                TracingLog.record("local", &record);
            }
        });
        let written = written.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&written);
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        assert_eq!(
            lines,
            [
                r#"WARN zymogen::remote: disk is full context="local" module="calc" part="stderr""#,
                r#"INFO zymogen::remote: disk is full context="local" part="stderr""#,
            ]
        );
    }
}
