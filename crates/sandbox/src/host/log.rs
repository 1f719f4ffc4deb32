//! `zymogen:task/log` and `progress`; the interfaces without functions are here, too.

use super::bindings::zymogen::task::{grants, log, progress, types};
use crate::guest::Guest;
use proto::message::Level;
use wasmtime::Result;

impl types::Host for Guest {}

impl grants::Host for Guest {}

impl log::Host for Guest {
    async fn log(&mut self, level: log::Level, target: String, message: String) -> Result<()> {
        let level = match level {
            log::Level::Trace => Level::Trace,
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        Ok(self.output.say(level, target, message).await?)
    }
}

impl progress::Host for Guest {
    async fn report(&mut self, done: u64, total: u64, message: String) -> Result<()> {
        let text = match total {
            0 => format!("{done} {message}"),
            _ => format!("{done}/{total} {message}"),
        };
        let said = self.output.say(Level::Info, "progress".to_owned(), text);
        Ok(said.await?)
    }
}
