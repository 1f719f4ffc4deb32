//! CBOR (RFC 8949) as messages have it: a serde deserializer over bytes that are all there.
//!
//! Why not that of `ciborium`, which writes them: it takes a name with the item behind it for an alternative with what it
//! holds, which only a map of the two is, and a map for a name without looking for what it holds.

mod error;
mod head;
mod items;
mod read;
mod simple;
mod skip;

pub(crate) use error::Error;
use serde::de::DeserializeOwned;

/// Reads the item at the front of these bytes, and gives its length. It may nest `depth` deep.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8], depth: usize) -> Result<(T, usize), Error> {
    let mut reader = read::Reader::new(bytes, depth);
    let message = T::deserialize(&mut reader)?;
    Ok((message, reader.at()))
}
