//! Secrets that tasks may read: where they come from, and how nothing that is shown contains them.

use crate::connect::{Credential, CredentialError, Vault};
use proto::message::Secret;
use proto::policy::Grant;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

/// What is shown in the place of a secret.
const HIDDEN: &str = "***";

/// Shorter ones would be found in words that have nothing to do with them.
const SHORTEST: usize = 4;

/// Secrets by their names. They are not shown, not even for debugging.
#[derive(Clone, Default, Debug)]
pub struct Secrets(BTreeMap<String, Secret>);

/// A secret and where it comes from, as `--secret` takes it: `NAME=env:VAR`, `NAME=file:PATH` or `NAME=ask`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named(pub String, pub Credential);

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, from)) if is_name(name) => Ok(Self(name.to_owned(), source(from)?)),
            _ => Err("expected NAME=env:VARIABLE, NAME=file:PATH or NAME=ask".to_owned()),
        }
    }
}

/// May a secret be called so?
#[must_use]
pub fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.bytes().all(plain)
}

/// Where a secret comes from, as a plan says it.
///
/// # Errors
/// What it says instead.
pub fn source(text: &str) -> Result<Credential, String> {
    let source = text.parse();
    source.map_err(|_: String| "a secret comes from env:VARIABLE, file:PATH or ask".to_owned())
}

impl Secrets {
    /// Gets all of them. Blocks if somebody has to be asked.
    ///
    /// # Errors
    /// If one is not where it should be.
    pub fn read<'a>(
        sources: impl IntoIterator<Item = (&'a String, &'a Credential)>,
        vault: &Vault,
    ) -> Result<Self, CredentialError> {
        let mut all = BTreeMap::new();
        for (name, source) in sources {
            // No command of this machine that leads to a host shall inherit it.
            vault.note_source(source);
            let secret = vault.get(&format!("the secret {name}"), source)?;
            all.insert(name.clone(), secret);
        }
        Ok(Self(all))
    }

    /// The grants for those of these names. What there is not is not granted.
    pub fn grants<'a>(&self, names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = Grant> {
        names.filter_map(|name| {
            let secret = self.0.get(name)?.clone();
            Some(Grant::Secret(name.to_owned(), secret))
        })
    }

    /// The grants for all of them.
    pub fn all(&self) -> impl Iterator<Item = Grant> {
        let all = self.0.iter();
        all.map(|(name, secret)| Grant::Secret(name.clone(), secret.clone()))
    }

    /// Is there nothing to hide?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with each secret hidden, also where it stands in quotes with its special characters escaped.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for value in self.to_hide() {
            if masked.contains(&value) {
                masked = Cow::Owned(masked.replace(&value, HIDDEN));
            }
        }
        masked
    }

    /// The longest first: one may be a part of another.
    fn to_hide(&self) -> Vec<String> {
        let mut values = Vec::new();
        for Secret(value) in self.0.values().filter(|value| value.0.len() >= SHORTEST) {
            let json = serde_json::Value::from(value.as_str()).to_string();
            values.push(json.trim_matches('"').to_owned());
            values.push(value.clone());
        }
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        values
    }

    /// The same in all texts of a tree; keys are not texts.
    pub fn mask_json(&self, json: &mut serde_json::Value) {
        match json {
            serde_json::Value::String(text) => {
                if let Cow::Owned(masked) = self.mask(text) {
                    *text = masked;
                }
            }
            serde_json::Value::Array(items) => {
                items.iter_mut().for_each(|item| self.mask_json(item));
            }
            serde_json::Value::Object(fields) => {
                fields.values_mut().for_each(|field| self.mask_json(field));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
