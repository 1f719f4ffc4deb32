//! Frames on a stream of bytes: a header, then as many bytes of body as it says.

use crate::header::{Flags, HEADER_LEN, Header, HeaderError, MAGIC};
use bytes::{Buf, Bytes, BytesMut};

/// Bodies up to this size are copied out of the buffer, in bytes. A body that shares the buffer keeps
/// the whole of it alive, and a few waiting bytes must not cost a reader's buffer each.
const COPY_BELOW: usize = 16 << 10;

/// The longest body with BULK, in bytes: a message waits for one such piece on each hop.
pub const MAX_BULK: u32 = 128 << 10;

/// What a decoder accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The longest body, in bytes, as it is on the wire and after decompression.
    pub max_body: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body: 128 << 20,
        }
    }
}

/// A message in flight.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Who sends what to whom.
    pub header: Header,
    /// The bytes after the header, as they are on the wire.
    pub body: Bytes,
}

impl Frame {
    /// Bytes that the frame takes on the wire.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        HEADER_LEN + self.body.len()
    }

    /// The header's bytes. The body follows it unchanged.
    #[must_use]
    pub fn encode_header(&self) -> [u8; HEADER_LEN] {
        // A body reaches a frame through `Limits`, whose maximum is a u32.
        let len = u32::try_from(self.body.len()).unwrap_or(u32::MAX);
        self.header.encode(len)
    }
}

/// Why a stream cannot go on. Each of these closes the link: after it nobody knows where a frame begins.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// The header is not one of ours.
    #[error("corrupt stream: {0}")]
    Header(#[from] HeaderError),
    /// The body is longer than this side accepts.
    #[error("oversized frame: a body of {len} bytes, at most {max} are accepted")]
    TooLarge {
        /// The length that the header announced.
        len: u32,
        /// The limit of this decoder.
        max: u32,
    },
    /// The stream ended inside a frame.
    #[error("truncated frame: the stream ended with {missing} bytes missing")]
    Truncated {
        /// Bytes of the frame that did not come.
        missing: usize,
    },
}

/// Cuts a stream into frames. Fill it through [`buffer`](Self::buffer), then take frames with
/// [`next_frame`](Self::next_frame) until there is none.
#[derive(Debug)]
pub struct FrameDecoder {
    limits: Limits,
    buffer: BytesMut,
    header: Option<(Header, usize)>,
}

impl FrameDecoder {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: BytesMut::new(),
            header: None,
        }
    }

    /// Where to append what was read. A long body is then handed out without a copy.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Appends bytes that were read elsewhere.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, or none until more bytes have come.
    ///
    /// # Errors
    /// If the stream is corrupt. The decoder must not be used again.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let (header, len) = match self.header {
            Some(known) => known,
            None => {
                let Some(bytes) = self.buffer.first_chunk::<HEADER_LEN>() else {
                    return Ok(None);
                };
                let (header, len) = Header::decode(bytes)?;
                let max = if header.flags.contains(Flags::BULK) {
                    self.limits.max_body.min(MAX_BULK)
                } else {
                    self.limits.max_body
                };
                if len > max {
                    return Err(FrameError::TooLarge { len, max });
                }
                self.buffer.advance(HEADER_LEN);
                *self.header.insert((header, len as usize))
            }
        };
        if self.buffer.len() < len {
            return Ok(None);
        }
        self.header = None;
        let body = if len <= COPY_BELOW {
            let body = Bytes::copy_from_slice(&self.buffer[..len]);
            self.buffer.advance(len);
            body
        } else {
            self.buffer.split_to(len).freeze()
        };
        Ok(Some(Frame { header, body }))
    }

    /// To be asked when the stream has ended and [`next_frame`](Self::next_frame) has no more: did it
    /// end between two frames?
    ///
    /// # Errors
    /// [`FrameError::Truncated`] if it ended inside one, [`FrameError::Header`] if what it ended with is none.
    pub fn finish(&self) -> Result<(), FrameError> {
        let missing = match self.header {
            Some((_, len)) => len.saturating_sub(self.buffer.len()),
            None if self.buffer.is_empty() => return Ok(()),
            // The last words of a shell can be shorter than a header.
            None if !self.buffer.starts_with(&MAGIC)
                && let Some(found) = self.buffer.first_chunk() =>
            {
                return Err(HeaderError::Magic { found: *found }.into());
            }
            None => HEADER_LEN.saturating_sub(self.buffer.len()),
        };
        Err(FrameError::Truncated { missing })
    }

    /// Bytes that the frame under way still lacks, so that a reader can make room at once. Zero
    /// while its header is incomplete.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.header
            .map_or(0, |(_, len)| len.saturating_sub(self.buffer.len()))
    }
}
