//! Content as it travels: compressed, with what it must be once it is not.

use bytes::{Bytes, BytesMut};
use proto::message::{EngineKind, Transfer};

use crate::channel::{Item, Receiver};

/// The most that one content may have, packed or not, in bytes.
pub const MAX_CONTENT: u64 = 1 << 30;

/// Content that has come whole. Still packed, and not checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packed {
    /// What it is.
    pub transfer: Transfer,
    /// Which engine runs it, if it is machine code. Not looked at for data.
    pub engine: EngineKind,
    /// The zstd frame.
    pub zstd: Bytes,
}

/// Why content cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ContentError {
    /// More than this side takes.
    #[error("it has {0} bytes, at most {MAX_CONTENT} are accepted")]
    TooLarge(u64),
    /// The packed bytes are no zstd frame of the announced length.
    #[error("it cannot be decompressed: {0}")]
    Unpack(String),
    /// Nothing was announced: even an empty zstd frame has some bytes.
    #[error("no bytes were announced")]
    Nothing,
    /// It came with more or fewer bytes than were announced.
    #[error("{have} bytes came, {announced} were announced")]
    Length {
        /// How many came. Of those beyond what was announced only the first piece is counted.
        have: u64,
        /// How many were announced.
        announced: u64,
    },
    /// It did not come to its end.
    #[error("it broke off: {0}")]
    BrokeOff(String),
}

/// Is it so much as may come?
pub(super) fn check(transfer: &Transfer) -> Result<(), ContentError> {
    let longest = transfer.len.max(transfer.packed_len);
    if longest > MAX_CONTENT {
        return Err(ContentError::TooLarge(longest));
    }
    if transfer.packed_len == 0 {
        return Err(ContentError::Nothing);
    }
    Ok(())
}

/// Reads announced content to its end. Memory is taken as bytes come, not as they are announced.
pub(super) async fn read(
    transfer: Transfer,
    engine: EngineKind,
    receiver: &mut Receiver,
) -> Result<Packed, ContentError> {
    let announced = transfer.packed_len;
    let mut packed = BytesMut::new();
    loop {
        match receiver.next().await.item {
            Item::Bytes(piece) => packed.extend_from_slice(&piece),
            Item::End => break,
            Item::Message(_) => return Err(ContentError::BrokeOff("a message came".to_owned())),
            Item::Dead(dead) => return Err(ContentError::BrokeOff(dead.to_string())),
        }
        if packed.len() as u64 > announced {
            break;
        }
    }
    let have = packed.len() as u64;
    if have != announced {
        return Err(ContentError::Length { have, announced });
    }
    Ok(Packed {
        transfer,
        engine,
        zstd: packed.freeze(),
    })
}

impl Packed {
    /// The content itself, as long as was announced. Its digest is yet to be checked. Takes its time.
    ///
    /// # Errors
    /// If it cannot be decompressed.
    pub fn unpack(&self) -> Result<Bytes, ContentError> {
        let len = usize::try_from(self.transfer.len)
            .map_err(|_| ContentError::TooLarge(self.transfer.len))?;
        let content = zstd::bulk::decompress(&self.zstd, len)
            .map_err(|error| ContentError::Unpack(error.to_string()))?;
        if content.len() == len {
            Ok(content.into())
        } else {
            let have = content.len();
            Err(ContentError::Unpack(format!(
                "{have} bytes instead of {len}"
            )))
        }
    }
}
