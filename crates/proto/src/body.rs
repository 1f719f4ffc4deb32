//! Bodies of messages: a sequence of CBOR items (RFC 8949, RFC 8742), under zstd when that pays.
//!
//! Most bodies are one item. A call and its outcome are two: a head that says what it is, and the
//! value, which only the runtime can read because only it knows the value's WIT type.

use crate::{Flags, Limits, cbor};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use zstd::zstd_safe;

/// Nested deeper than this, a message is refused.
const MAX_DEPTH: usize = 64;

/// Level 1 of zstd: beyond it, time grows faster than size shrinks on messages.
const ZSTD_LEVEL: i32 = 1;

/// The bytes of a body with the flags that tell how to read them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body {
    flags: Flags,
    bytes: Bytes,
}

/// Why a body could not be read or made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BodyError {
    /// The bytes are not the CBOR that this message needs.
    #[error("malformed message: {0}")]
    Cbor(String),
    /// The bytes are not a zstd frame.
    #[error("malformed compression: {0}")]
    Zstd(String),
    /// It is longer than the protocol's limit, perhaps only after decompression.
    #[error("message too large: over {max} bytes")]
    TooLarge {
        /// The limit, in bytes.
        max: u32,
    },
    /// Bytes follow the last item.
    #[error("malformed message: {0} bytes after its end")]
    Trailing(usize),
}

impl Body {
    /// Nothing at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::raw(Flags::NONE, Bytes::new())
    }

    /// Bytes that came off the wire, or go there as they are.
    #[must_use]
    pub fn raw(flags: Flags, bytes: Bytes) -> Self {
        Self { flags, bytes }
    }

    /// A body of one item.
    ///
    /// # Errors
    /// If the message cannot be written as CBOR, which only a bug can cause.
    pub fn new<T: Serialize>(message: &T) -> Result<Self, BodyError> {
        Self::with_tail(message, &[])
    }

    /// A body of one item and what follows it, already encoded.
    ///
    /// # Errors
    /// If the message cannot be written as CBOR, which only a bug can cause.
    pub fn with_tail<T: Serialize>(message: &T, tail: &[u8]) -> Result<Self, BodyError> {
        let mut bytes = Vec::with_capacity(128 + tail.len());
        ciborium::into_writer(message, &mut bytes)
            .map_err(|error| BodyError::Cbor(error.to_string()))?;
        bytes.extend_from_slice(tail);
        Ok(Self::raw(Flags::NONE, bytes.into()))
    }

    /// The same body under zstd if it has at least `threshold` bytes and shrinks.
    #[must_use]
    pub fn compressed(self, threshold: usize) -> Self {
        if self.flags != Flags::NONE || self.bytes.len() < threshold {
            return self;
        }
        match zstd::bulk::compress(&self.bytes, ZSTD_LEVEL) {
            Ok(packed) if packed.len() < self.bytes.len() => Self::raw(Flags::ZSTD, packed.into()),
            _ => self,
        }
    }

    /// The plain bytes.
    ///
    /// # Errors
    /// If they are not what the flags say, or too long.
    pub fn unpacked(&self, limits: Limits) -> Result<Bytes, BodyError> {
        let max = limits.max_body;
        if self.bytes.len() as u64 > u64::from(max) {
            return Err(BodyError::TooLarge { max });
        }
        if !self.flags.contains(Flags::ZSTD) {
            return Ok(self.bytes.clone());
        }
        let malformed = |what: &str| BodyError::Zstd(what.to_owned());
        // The frame's own word on its length is a hint from a stranger: it sizes nothing beyond the limit.
        let len = zstd_safe::get_frame_content_size(&self.bytes)
            .map_err(|_| malformed("not a zstd frame"))?
            .ok_or_else(|| malformed("its length is not given"))?;
        if len > u64::from(max) {
            return Err(BodyError::TooLarge { max });
        }
        let capacity = usize::try_from(len).map_err(|_| BodyError::TooLarge { max })?;
        if zstd_safe::find_frame_compressed_size(&self.bytes) != Ok(self.bytes.len()) {
            return Err(malformed("not exactly one zstd frame"));
        }
        zstd::bulk::decompress(&self.bytes, capacity)
            .map(Bytes::from)
            .map_err(|error| BodyError::Zstd(error.to_string()))
    }

    /// Reads a body of exactly one item.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn decode<T: DeserializeOwned>(&self, limits: Limits) -> Result<T, BodyError> {
        let (message, tail) = self.split(limits)?;
        if tail.is_empty() {
            Ok(message)
        } else {
            Err(BodyError::Trailing(tail.len()))
        }
    }

    /// Reads the first item, and gives the bytes after it.
    ///
    /// # Errors
    /// If the first item is not the message that is asked for.
    pub fn split<T: DeserializeOwned>(&self, limits: Limits) -> Result<(T, Bytes), BodyError> {
        let bytes = self.unpacked(limits)?;
        let (message, len) =
            cbor::read(&bytes, MAX_DEPTH).map_err(|error| BodyError::Cbor(error.to_string()))?;
        let tail = bytes.slice(len..);
        Ok((message, tail))
    }

    /// How the bytes are to be read.
    #[must_use]
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// The bytes as they are on the wire.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}
