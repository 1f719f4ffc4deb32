//! A context in the user's words: a list of hops, as in `ssh -J`.

use super::{Hop, Local};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Makes a hop of what follows the method's name and a colon, or says what is wrong with it.
type Parse = fn(Option<&str>) -> Result<Arc<dyn Hop>, String>;

/// A method of connection, as the user calls it.
struct Method {
    name: &'static str,
    parse: Parse,
}

/// Beyond that somebody has lost count.
const MAX_HOPS: usize = 32;

/// All that exist.
const METHODS: [Method; 1] = [Method {
    name: "local",
    parse: |argument| Ok(Arc::new(Local::parse(argument)?)),
}];

/// Where a context is, as the steps on the way to it: `local`, or `local,local` for one that another has started.
#[derive(Clone, Debug)]
pub struct ContextSpec {
    /// At least one.
    hops: Vec<Arc<dyn Hop>>,
}

/// Why a text is not a context.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SpecError {
    /// There is nothing, or nothing between two commas.
    #[error("a context is a list of hops joined with commas, such as `local`; `{0}` lacks one")]
    Empty(String),
    /// The method does not exist.
    #[error("there is no way to connect called `{method}`; there is: {known}")]
    Unknown {
        /// What was asked for.
        method: String,
        /// What there is, joined with commas.
        known: String,
    },
    /// The method does not understand what follows the colon.
    #[error("`{hop}`: {why}")]
    Argument {
        /// The whole hop.
        hop: String,
        /// What is wrong.
        why: String,
    },
    /// More hops than a tree has levels.
    #[error("`{0}` has more than {MAX_HOPS} hops")]
    TooMany(String),
}

impl ContextSpec {
    /// The steps on the way to it, in their order. There is at least one.
    pub fn hops(&self) -> impl ExactSizeIterator<Item = &dyn Hop> {
        self.hops.iter().map(|hop| &**hop)
    }
}

impl FromStr for ContextSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let hops = text.split(',').map(|hop| parse(text, hop.trim()));
        let hops = hops.collect::<Result<Vec<_>, _>>()?;
        if hops.len() > MAX_HOPS {
            return Err(SpecError::TooMany(text.to_owned()));
        }
        Ok(Self { hops })
    }
}

fn parse(text: &str, hop: &str) -> Result<Arc<dyn Hop>, SpecError> {
    let (name, argument) = match hop.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (hop, None),
    };
    if name.is_empty() {
        return Err(SpecError::Empty(text.to_owned()));
    }
    let Some(method) = METHODS.iter().find(|method| method.name == name) else {
        return Err(SpecError::Unknown {
            method: name.to_owned(),
            known: METHODS.map(|method| method.name).join(", "),
        });
    };
    (method.parse)(argument).map_err(|why| SpecError::Argument {
        hop: hop.to_owned(),
        why,
    })
}

impl fmt::Display for ContextSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, hop) in self.hops.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            hop.fmt(f)?;
        }
        Ok(())
    }
}

/// Two are equal if they are written the same way.
impl PartialEq for ContextSpec {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for ContextSpec {}
