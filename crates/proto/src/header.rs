//! The 28 bytes in front of every body. All integers are big-endian.

use crate::{ContextId, Handle, PROTOCOL_VERSION};

/// Length of an encoded header, in bytes.
pub const HEADER_LEN: usize = 28;

/// The first two bytes of every frame: `ZY`.
pub const MAGIC: [u8; 2] = *b"ZY";

/// What is unusual about a frame. Unknown bits are an error, so that a later version can add some.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(u8);

impl Flags {
    /// Nothing unusual: the body is CBOR.
    pub const NONE: Self = Self(0);
    /// The body is one zstd frame around what it would be without this flag.
    pub const ZSTD: Self = Self(1);
    /// The body is a chunk of raw bytes for a receiver; `reply_to` is the handle of its sender.
    /// Bulk frames wait behind all others.
    pub const BULK: Self = Self(2);

    const KNOWN: u8 = Self::ZSTD.0 | Self::BULK.0;

    /// The flags of a byte, or none if nobody defined this combination: raw bytes are not under zstd,
    /// because what they are pieces of is compressed as a whole.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Self> {
        let defined = bits & !Self::KNOWN == 0 && bits != Self::KNOWN;
        defined.then_some(Self(bits))
    }

    /// The byte on the wire.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// True if all flags of `other` are set.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Who sends what to whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What is unusual about the frame.
    pub flags: Flags,
    /// The context that the frame goes to.
    pub dst: ContextId,
    /// The context that made it.
    pub src: ContextId,
    /// The context on whose authority it was made. Each hop checks that `src` and `auth` live behind
    /// the link from which the frame came.
    pub auth: ContextId,
    /// Where in `dst` it goes.
    pub handle: Handle,
    /// Where in `src` the reply goes: [`Handle::NONE`], a dynamic handle, or [`Handle::IS_DEAD`].
    pub reply_to: Handle,
}

/// What the first 28 bytes of a frame said wrongly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeaderError {
    /// The stream does not carry our frames, or has lost its place.
    #[error("expected a frame beginning with {:02x?}, found {found:02x?}", MAGIC)]
    Magic {
        /// The two bytes where the magic should have been.
        found: [u8; 2],
    },
    /// The peer speaks another version of the protocol.
    #[error("expected protocol version {PROTOCOL_VERSION}, found {found}")]
    Version {
        /// The peer's version.
        found: u8,
    },
    /// A flag, or a combination of flags, that this version does not define.
    #[error("unknown flags {found:#04x}")]
    Flags {
        /// The whole byte of flags.
        found: u8,
    },
}

impl Header {
    /// The bytes on the wire in front of a body of `body_len` bytes.
    #[must_use]
    pub fn encode(&self, body_len: u32) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0..2].copy_from_slice(&MAGIC);
        bytes[2] = PROTOCOL_VERSION;
        bytes[3] = self.flags.bits();
        let words = [
            self.dst.0,
            self.src.0,
            self.auth.0,
            self.handle.0,
            self.reply_to.0,
            body_len,
        ];
        for (word, place) in words.iter().zip(bytes[4..].chunks_exact_mut(4)) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    /// Reads a header and the length of the body that follows it.
    ///
    /// # Errors
    /// If the bytes are not a header of this protocol's version.
    pub fn decode(bytes: &[u8; HEADER_LEN]) -> Result<(Self, u32), HeaderError> {
        let found = [bytes[0], bytes[1]];
        if found != MAGIC {
            return Err(HeaderError::Magic { found });
        }
        if bytes[2] != PROTOCOL_VERSION {
            return Err(HeaderError::Version { found: bytes[2] });
        }
        let flags = Flags::from_bits(bytes[3]).ok_or(HeaderError::Flags { found: bytes[3] })?;
        let word = |index: usize| {
            let at = 4 + 4 * index;
            u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let header = Self {
            flags,
            dst: ContextId(word(0)),
            src: ContextId(word(1)),
            auth: ContextId(word(2)),
            handle: Handle(word(3)),
            reply_to: Handle(word(4)),
        };
        Ok((header, word(5)))
    }
}
