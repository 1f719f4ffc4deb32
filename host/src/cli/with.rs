//! The option of every command that reads modules which may use others.

use super::start::Start;
use crate::error::Error;

/// Modules that others may use.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct WithArgs {
    /// A module whose exports satisfy what MODULE imports; may be repeated.
    #[arg(long = "with", value_name = "MODULE")]
    with: Vec<String>,
}

impl WithArgs {
    /// As the user wrote them.
    pub(super) fn names(&self) -> &[String] {
        &self.with
    }

    /// Offers them to all modules that are read from now on, after those that a plan or a project names itself.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub(super) fn offer(&self, start: &Start, others: &[String]) -> Result<(), Error> {
        let all: Vec<_> = others.iter().chain(&self.with).cloned().collect();
        start.repository().offer(&all)?;
        Ok(())
    }
}
