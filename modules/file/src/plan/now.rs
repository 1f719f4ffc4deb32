//! What is on the machine before anything is done.

use guest_sdk::files::{self, Kind, Metadata};

use crate::Failure;
use crate::request::{Goal, Request};

/// What is there now.
#[derive(Default)]
pub struct Now {
    /// What is at the path.
    pub metadata: Option<Metadata>,
    /// The target of the link at the path, if it is one.
    pub target: Option<String>,
    /// What the original of a hard link is.
    pub original: Option<Metadata>,
}

impl Now {
    pub fn look(request: &Request) -> Result<Self, Failure> {
        let metadata = files::stat(&request.path)?;
        let is_link = metadata
            .as_ref()
            .is_some_and(|found| found.kind == Kind::Symlink);
        let target = match request.goal {
            Goal::Symlink { .. } | Goal::Absent if is_link => {
                Some(files::read_link(&request.path)?)
            }
            _ => None,
        };
        let original = match &request.goal {
            Goal::HardLink { original } => files::stat(original)?,
            _ => None,
        };
        Ok(Self {
            metadata,
            target,
            original,
        })
    }
}
