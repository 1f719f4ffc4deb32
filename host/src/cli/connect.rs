//! The options of how contexts are started, which every command has that starts some.

use super::limits::time;
use crate::connect::{ContextSpec, Vault, answers};
use crate::error::Error;
use crate::master::Options;
use std::sync::Arc;
use std::time::Duration;

/// What a slave that has lost its parent takes to end itself and all that it runs.
const SLAVE_ENDS: Duration = Duration::from_secs(5);

/// How contexts are started, and how long their silence is borne.
#[derive(clap::Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Connections")]
pub struct ConnectArgs {
    /// Give up a hop that is not there after this time. What it takes to
    /// build an image does not count.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub connect_timeout: Duration,

    /// Take a context for dead on which nothing was heard for so long.
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = time)]
    pub heartbeat: Duration,

    /// Leave nothing on the machines, not even what would make the next
    /// connection quick.
    #[arg(long)]
    pub no_cache: bool,
}

impl ConnectArgs {
    /// The same for the master. Asks for the passwords that somebody has to type, before anything else is on the screen.
    ///
    /// # Errors
    /// If a password is not where it should be.
    pub fn options<'a>(
        &self,
        specs: impl IntoIterator<Item = &'a ContextSpec>,
    ) -> Result<Options, Error> {
        let vault = Arc::new(Vault::default());
        for spec in specs {
            // Before anything is started: no host inherits the variable of another one.
            vault.note(spec);
            for step in spec.steps() {
                answers(step, &vault)?;
            }
        }
        Ok(Options {
            cache: !self.no_cache,
            heartbeat: self.heartbeat,
            connect_deadline: self.connect_timeout,
            vault,
            ..Options::default()
        })
    }

    /// When a connection is lost, its slave has ended after so long: it notices by the same heartbeat.
    #[must_use]
    pub fn orphans_end(&self) -> Duration {
        self.heartbeat.saturating_add(SLAVE_ENDS)
    }
}
