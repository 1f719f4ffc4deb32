//! The content that is asked for: whether a file has it already, and what of it can be shown as text.

use guest_sdk::Source;
use guest_sdk::files::{self, Content, Metadata};
use guest_sdk::sources;

use crate::Failure;

/// The longest text that goes into a change: a person has to read the difference.
const SHOWN: u64 = 64 * 1024;

/// What the file shall contain.
pub enum Wanted {
    Source(Source),
    Text(String),
}

impl Wanted {
    pub fn from_params(src: Option<Source>, content: Option<String>) -> Result<Self, Failure> {
        match (src, content) {
            (Some(source), None) => Ok(Self::Source(source)),
            (None, Some(text)) => Ok(Self::Text(text)),
            (Some(_), Some(_)) => Err(Failure::invalid(
                "`src` and `content` contradict each other",
            )),
            (None, None) => Err(Failure::invalid("either `src` or `content` is needed")
                .hint("for an empty file write content = \"\"")),
        }
    }

    pub fn size(&self) -> u64 {
        match self {
            Self::Source(source) => source.size,
            Self::Text(text) => text.len() as u64,
        }
    }

    /// Whether the file at the path has this content. Nothing is fetched from the master for this.
    pub fn is_at(&self, path: &str, found: &Metadata) -> Result<bool, Failure> {
        if found.size != self.size() {
            return Ok(false);
        }
        match self {
            Self::Source(source) => Ok(files::digest(path)? == source.digest),
            // The guest has both sides: cheaper than a hash function in the component.
            Self::Text(text) => Ok(files::read(path, found.size)? == text.as_bytes()),
        }
    }

    /// The content as text, if it is some and short enough.
    fn text(&self) -> Result<Option<String>, Failure> {
        match self {
            _ if self.size() > SHOWN => Ok(None),
            Self::Source(source) => Ok(String::from_utf8(sources::read(source, SHOWN)?).ok()),
            Self::Text(text) => Ok(Some(text.clone())),
        }
    }
}

impl From<&Wanted> for Content {
    fn from(wanted: &Wanted) -> Self {
        match wanted {
            Wanted::Source(source) => source.into(),
            Wanted::Text(text) => text.as_bytes().into(),
        }
    }
}

/// The texts before and after, for the difference. Both are none unless each side that exists is short text: half a
/// difference misleads.
pub fn texts(
    path: &str,
    now: Option<&Metadata>,
    wanted: &Wanted,
) -> Result<(Option<String>, Option<String>), Failure> {
    let before = match now {
        None => None,
        Some(found) if found.size > SHOWN => return Ok((None, None)),
        Some(_) => match String::from_utf8(files::read(path, SHOWN)?) {
            Ok(text) => Some(text),
            Err(_) => return Ok((None, None)),
        },
    };
    Ok(match wanted.text()? {
        Some(after) => (before, Some(after)),
        None => (None, None),
    })
}
