//! Files of the master that the call's parameters name.

use crate::files::{Content, Purpose};
use crate::{Failure, Source};

/// The content of a source of at most `limit` bytes. It travels from the master if this context has it not yet.
///
/// To put a source at a path, give it to [`files::replace`](crate::files::replace) as it is: it then never
/// passes through the guest's memory.
///
/// # Errors
/// When the source is longer than `limit` or the master does not deliver it.
pub fn read(source: &Source, limit: u64) -> Result<Vec<u8>, Failure> {
    crate::host::sources::read(&source.digest, limit)
        .map_err(|error| Purpose("read the source", &source.name).failed(error))
}

impl From<&Source> for Content {
    fn from(source: &Source) -> Self {
        Content::Source(source.digest.clone())
    }
}
