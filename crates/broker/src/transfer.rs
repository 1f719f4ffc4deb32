//! Content on its way in: bulk frames are put together until all that was announced has come.

use bytes::{Bytes, BytesMut};
use proto::ContextId;
use proto::message::Transfer;
use std::collections::HashMap;

/// The most that one transfer may carry, packed or not, in bytes.
pub const MAX_CONTENT: u64 = 1 << 30;

/// Transfers that may be under way to one context at once.
const MAX_TRANSFERS: usize = 1024;

/// Content that has come whole. Still packed, and not checked.
#[derive(Debug)]
pub struct Complete<T> {
    /// What was announced.
    pub transfer: Transfer,
    /// The zstd frame.
    pub packed: Bytes,
    /// What whoever announced it wanted to remember.
    pub about: T,
}

/// The transfers that are under way to this context. `T` is what to remember of each.
#[derive(Debug)]
pub struct Incoming<T> {
    transfers: HashMap<(ContextId, u32), Partial<T>>,
}

#[derive(Debug)]
struct Partial<T> {
    transfer: Transfer,
    packed: BytesMut,
    about: T,
}

/// Why content cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ContentError {
    /// More than this side takes.
    #[error("it has {0} bytes, at most {MAX_CONTENT} are accepted")]
    TooLarge(u64),
    /// The packed bytes are no zstd frame of the announced length.
    #[error("it cannot be decompressed: {0}")]
    Packed(String),
    /// Nothing was announced: even an empty zstd frame has some bytes.
    #[error("no bytes were announced")]
    Nothing,
    /// More than this side follows at once.
    #[error("{MAX_TRANSFERS} other transfers are under way")]
    TooMany,
    /// More bytes came than were announced.
    #[error("more bytes came than were announced")]
    TooLong,
}

impl<T> Default for Incoming<T> {
    fn default() -> Self {
        Self {
            transfers: HashMap::new(),
        }
    }
}

impl<T> Incoming<T> {
    /// A context has announced content. Its bulk frames follow.
    ///
    /// # Errors
    /// If it is too large, or nothing, or one too many; its frames are then ignored.
    pub fn announce(
        &mut self,
        src: ContextId,
        transfer: Transfer,
        about: T,
    ) -> Result<(), (ContentError, T)> {
        let longest = transfer.len.max(transfer.packed_len);
        if longest > MAX_CONTENT {
            return Err((ContentError::TooLarge(longest), about));
        }
        if transfer.packed_len == 0 {
            return Err((ContentError::Nothing, about));
        }
        if self.transfers.len() >= MAX_TRANSFERS {
            return Err((ContentError::TooMany, about));
        }
        let partial = Partial {
            packed: BytesMut::new(),
            transfer,
            about,
        };
        self.transfers
            .insert((src, partial.transfer.number), partial);
        Ok(())
    }

    /// A bulk frame came. Gives the content if it was the last one; a frame of an unknown transfer
    /// is ignored.
    ///
    /// # Errors
    /// If more came than was announced; the transfer is forgotten.
    pub fn chunk(
        &mut self,
        src: ContextId,
        number: u32,
        bytes: &Bytes,
    ) -> Result<Option<Complete<T>>, (ContentError, T)> {
        let key = (src, number);
        let Some(partial) = self.transfers.get_mut(&key) else {
            return Ok(None);
        };
        partial.packed.extend_from_slice(bytes);
        let (have, want) = (partial.packed.len() as u64, partial.transfer.packed_len);
        if have < want {
            return Ok(None);
        }
        // It was found in this map a moment ago.
        let Some(partial) = self.transfers.remove(&key) else {
            return Ok(None);
        };
        if have > want {
            return Err((ContentError::TooLong, partial.about));
        }
        Ok(Some(Complete {
            transfer: partial.transfer,
            packed: partial.packed.freeze(),
            about: partial.about,
        }))
    }
}

impl<T> Complete<T> {
    /// The content itself, as long as was announced. Its digest is yet to be checked.
    ///
    /// # Errors
    /// If it cannot be decompressed.
    pub fn unpack(&self) -> Result<Bytes, ContentError> {
        let len = usize::try_from(self.transfer.len)
            .map_err(|_| ContentError::TooLarge(self.transfer.len))?;
        let content = zstd::bulk::decompress(&self.packed, len)
            .map_err(|error| ContentError::Packed(error.to_string()))?;
        if content.len() == len {
            Ok(content.into())
        } else {
            Err(ContentError::Packed(format!(
                "{} bytes instead of {len}",
                content.len()
            )))
        }
    }
}
