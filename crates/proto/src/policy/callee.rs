//! A module in a context, which a guest may call.

use super::words::{quoted, split};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A context and a module in it, as text on the wire and for people: `ssh:db1 ./inventory.wasm`. The words may be quoted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Callee {
    /// The context, as its user names it; [`HERE`](Self::HERE) is the guest's own.
    pub context: String,
    /// The module, likewise.
    pub module: String,
}

/// A text that names no callee.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected a context and a module, such as `ssh:db1 ./inventory.wasm`")]
pub struct ParseCalleeError;

impl Callee {
    /// The context in which the guest itself runs.
    pub const HERE: &str = ".";

    /// Is it in the guest's own context?
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.context == Self::HERE
    }
}

impl FromStr for Callee {
    type Err = ParseCalleeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = split(text).ok_or(ParseCalleeError)?;
        let words: Vec<_> = words.into_iter().map(|word| word.text).collect();
        let [context, module] = <[String; 2]>::try_from(words).map_err(|_| ParseCalleeError)?;
        if context.is_empty() || module.is_empty() {
            return Err(ParseCalleeError);
        }
        Ok(Self { context, module })
    }
}

impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", quoted(&self.context), quoted(&self.module))
    }
}

impl From<Callee> for String {
    fn from(callee: Callee) -> Self {
        callee.to_string()
    }
}

impl TryFrom<String> for Callee {
    type Error = ParseCalleeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
