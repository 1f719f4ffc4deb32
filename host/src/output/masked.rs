//! Events without the secrets of their plan: whatever shows events gets them through here.

use super::Reporter;
use crate::deploy::event::Event;
use crate::secrets::Secrets;
use std::io;

/// Passes events on with the secrets in their texts hidden.
pub struct Masked {
    reporter: Box<dyn Reporter>,
    secrets: Secrets,
}

impl Masked {
    /// To this reporter.
    #[must_use]
    pub fn new(reporter: Box<dyn Reporter>, secrets: Secrets) -> Self {
        Self { reporter, secrets }
    }
}

impl Reporter for Masked {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if self.secrets.is_empty() {
            return self.reporter.event(event);
        }
        // As data, so that no text of any kind of event is forgotten.
        let mut json = serde_json::to_value(event)?;
        self.secrets.mask_json(&mut json);
        self.reporter.event(&serde_json::from_value(json)?)
    }
}
