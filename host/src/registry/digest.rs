//! The digests of registries: SHA-256, written `sha256:` and 64 hexadecimal digits.

use crate::build::sha256_hex;
use std::fmt;
use std::str::FromStr;

const ALGORITHM: &str = "sha256:";

/// The digest of some content in a registry.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("{ALGORITHM}{}", sha256_hex(bytes)))
    }

    /// As registries write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        match text.strip_prefix(ALGORITHM) {
            Some(hex) if hex.len() == 64 && hex.chars().all(is_hex) => Ok(Self(text.to_owned())),
            _ => Err("a digest is `sha256:` and 64 hexadecimal digits"),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
