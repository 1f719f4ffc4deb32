//! The option of every command that reads modules which may use others.

use super::start::Start;
use crate::error::Error;
use crate::module::Binding;

/// Modules that others may use.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct WithArgs {
    /// A module whose exports satisfy what MODULE imports; may be repeated.
    #[arg(long = "with", value_name = "MODULE")]
    with: Vec<String>,

    /// A module whose exports satisfy what MODULE imports, and that runs in a context of its own: `ssh:db1
    /// ./stock.wasm`, or `. ./stock.wasm` for the same context; may be repeated.
    #[arg(long = "bind", value_name = "INTERFACE=CONTEXT MODULE")]
    bind: Vec<Binding>,
}

impl WithArgs {
    /// As the user wrote them.
    pub(super) fn names(&self) -> &[String] {
        &self.with
    }

    /// Offers them to all modules that are read from now on, after those that a plan names itself.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub(super) fn offer(
        &self,
        start: &Start,
        with: &[String],
        bind: Vec<Binding>,
    ) -> Result<(), Error> {
        let all: Vec<_> = with.iter().chain(&self.with).cloned().collect();
        start.repository().offer(&all)?;
        // The first that fits is taken: what is said here goes before what the plan says.
        let bind = self.bind.iter().cloned().chain(bind).collect();
        start.repository().bind(bind);
        Ok(())
    }
}
