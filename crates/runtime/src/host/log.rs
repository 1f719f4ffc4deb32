//! `zymogen:task/log` and `progress`; the interfaces without functions are here, too.

use super::bindings::zymogen::task::{grants, log, progress, types};
use crate::guest::Guest;
use crate::output::Piece;
use proto::message::Level;
use wasmtime::Result;

impl types::Host for Guest {}

impl grants::Host for Guest {}

impl log::Host for Guest {
    async fn log(&mut self, level: log::Level, target: String, message: String) -> Result<()> {
        self.output.spend(target.len() + message.len())?;
        let level = match level {
            log::Level::Trace => Level::Trace,
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.output
            .send(Piece::Record(level, target, message))
            .await;
        Ok(())
    }
}

impl progress::Host for Guest {
    async fn report(&mut self, done: u64, total: u64, message: String) -> Result<()> {
        let text = match total {
            0 => format!("{done} {message}"),
            _ => format!("{done}/{total} {message}"),
        };
        self.output.spend(text.len())?;
        let piece = Piece::Record(Level::Info, "progress".to_owned(), text);
        self.output.send(piece).await;
        Ok(())
    }
}
