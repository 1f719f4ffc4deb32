//! The option of every command that has a lock file.

use super::start::Start;
use crate::error::Error;
use crate::registry::Lock;
use std::path::Path;

/// What may be resolved anew.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct LockedArgs {
    /// Use only modules of registries that are pinned: by a digest, or by zymogen.lock.
    #[arg(long)]
    locked: bool,
}

impl LockedArgs {
    /// From now on tags stand for what is locked in a directory, or, without one, for what they are now.
    ///
    /// # Errors
    /// If the lock cannot be read.
    pub(super) fn pin(&self, start: &Start, directory: Option<&Path>) -> Result<(), Error> {
        let lock = directory.map(Lock::read).transpose()?;
        let registries = start.repository().registries();
        if lock.is_some() || self.locked {
            registries.pin(lock, self.locked);
        }
        Ok(())
    }
}
