//! A stream of frames, in pieces.

use crate::chop::Chopped;
use proto::{
    ContextId, Flags, Frame, FrameDecoder, FrameError, HEADER_LEN, Handle, Header, Limits,
};

const LIMITS: Limits = Limits { max_body: 64 << 10 };

/// A body so long that the decoder does not copy it.
const LONG: usize = 20_000;

/// What became of a stream.
#[derive(PartialEq, Eq, Debug)]
struct Read {
    frames: Vec<Frame>,
    end: Result<(), FrameError>,
}

/// Decodes a stream at once and in pieces: both give the same, what they give encodes to the bytes that were
/// there, and it takes no more memory than these bytes. The extra is a long frame in front.
pub fn frame(data: &[u8]) {
    let input = Chopped::new(data);
    let mut bytes = Vec::new();
    if input.extra {
        put(&mut bytes, &long());
    }
    bytes.extend_from_slice(input.stream);

    let read = read(std::iter::once(bytes.as_slice()), bytes.len());
    assert_eq!(self::read(input.pieces(&bytes), bytes.len()), read);
    if input.extra {
        assert_eq!(read.frames.first(), Some(&long()));
    }

    let mut again = Vec::new();
    for frame in &read.frames {
        assert!(frame.body.len() <= LIMITS.max_body as usize);
        put(&mut again, frame);
    }
    let rest = bytes
        .strip_prefix(again.as_slice())
        .expect("frames encode to what they were decoded from");
    match read.end {
        Ok(()) => assert!(rest.is_empty(), "{} bytes were lost", rest.len()),
        Err(FrameError::Truncated { missing }) => {
            let most = HEADER_LEN + LIMITS.max_body as usize;
            assert!(!rest.is_empty() && (1..=most - rest.len()).contains(&missing));
        }
        Err(FrameError::TooLarge { len, max }) => {
            assert!(len > max && max == LIMITS.max_body && rest.len() >= HEADER_LEN);
        }
        Err(FrameError::Header(error)) => {
            assert!(!rest.is_empty() && error.to_string().len() < 100);
        }
    }
}

/// Feeds pieces until the stream ends or is corrupt. `total` is their length.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>, total: usize) -> Read {
    let mut decoder = FrameDecoder::new(LIMITS);
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    let end = Err(error);
                    return Read { frames, end };
                }
            }
        }
        // Only bytes that came take memory, not those that are announced. A buffer grows by doubling.
        let buffer = decoder.buffer();
        assert!(buffer.len() < HEADER_LEN + LIMITS.max_body as usize);
        assert!(buffer.capacity() <= 2 * total + 64);
        assert!(decoder.wanted() <= LIMITS.max_body as usize);
    }
    let end = decoder.finish();
    Read { frames, end }
}

fn put(bytes: &mut Vec<u8>, frame: &Frame) {
    bytes.extend_from_slice(&frame.encode_header());
    bytes.extend_from_slice(&frame.body);
}

fn long() -> Frame {
    let header = Header {
        flags: Flags::BULK,
        dst: ContextId(3),
        src: ContextId::MASTER,
        auth: ContextId::MASTER,
        handle: Handle::LOAD_RESOURCE,
        reply_to: Handle::FIRST_DYNAMIC,
    };
    let body = vec![b'Z'; LONG].into();
    Frame { header, body }
}
