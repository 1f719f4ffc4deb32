//! Mode and owner as parameters ask for them, compared with what is there.

use super::{Attributes, Metadata};
use crate::{Change, Failure, permissions};

/// Nothing asked for: all stays as it is.
impl Default for Attributes {
    fn default() -> Self {
        Self {
            mode: None,
            owner: None,
            group: None,
        }
    }
}

impl Attributes {
    /// From the parameters that such modules share: an octal mode, and an owner and a group by name or number.
    ///
    /// # Errors
    /// When the mode is not octal, or a name is empty.
    pub fn parse(
        mode: Option<&str>,
        owner: Option<String>,
        group: Option<String>,
    ) -> Result<Self, Failure> {
        for (key, name) in [("owner", &owner), ("group", &group)] {
            if name.as_ref().is_some_and(String::is_empty) {
                return Err(Failure::invalid(format!("`{key}` is empty")));
            }
        }
        Ok(Self {
            mode: mode.map(permissions::parse).transpose()?,
            owner,
            group,
        })
    }

    /// Whether nothing at all is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What would change if what is at `path` got these attributes: `/etc/motd mode`, `0644`, `0600`.
    #[must_use]
    pub fn changes(&self, path: &str, now: &Metadata) -> Vec<Change> {
        let mode = self
            .mode
            .filter(|mode| *mode != now.mode)
            .map(|mode| ("mode", permissions::text(now.mode), permissions::text(mode)));
        let owner = other_name(self.owner.as_ref(), now.owner.as_ref(), now.uid)
            .map(|(before, after)| ("owner", before, after));
        let group = other_name(self.group.as_ref(), now.group.as_ref(), now.gid)
            .map(|(before, after)| ("group", before, after));
        [mode, owner, group]
            .into_iter()
            .flatten()
            .map(|(what, before, after)| {
                Change::new(format!("{path} {what}"), Some(before), Some(after))
            })
            .collect()
    }
}

/// The name now and the one asked for, if they differ. A name may be a decimal number.
fn other_name(asked: Option<&String>, name: Option<&String>, id: u32) -> Option<(String, String)> {
    let asked = asked?;
    if Some(asked) == name || asked.parse() == Ok(id) {
        return None;
    }
    Some((
        name.cloned().unwrap_or_else(|| id.to_string()),
        asked.clone(),
    ))
}

/// One line about such changes: `mode 0644 -> 0600, owner root -> www`.
#[must_use]
pub fn summary(changes: &[Change]) -> String {
    let texts: Vec<String> = changes
        .iter()
        .map(|change| {
            let what = change.subject.rsplit(' ').next().unwrap_or_default();
            let before = change.before.as_deref().unwrap_or_default();
            let after = change.after.as_deref().unwrap_or_default();
            format!("{what} {before} -> {after}")
        })
        .collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests;
