//! A stream of bytes, cut into frames.

use bytes::Bytes;
use proto::header::{HEADER_LEN, HeaderError};
use proto::{ContextId, Flags, Frame, FrameDecoder, FrameError, Handle, Header, Limits};

const LIMITS: Limits = Limits { max_body: 64 << 10 };

fn frame(reply_to: u32, body: &[u8]) -> Frame {
    let header = Header {
        flags: Flags::NONE,
        dst: ContextId(1),
        src: ContextId(2),
        auth: ContextId(3),
        handle: Handle(4),
        reply_to: Handle(reply_to),
    };
    Frame {
        header,
        body: Bytes::copy_from_slice(body),
    }
}

fn encode(frames: &[Frame]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in frames {
        bytes.extend_from_slice(&frame.encode_header());
        bytes.extend_from_slice(&frame.body);
    }
    bytes
}

fn drain(decoder: &mut FrameDecoder) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next_frame().expect("the stream is not corrupt") {
        frames.push(frame);
    }
    frames
}

/// The error of a stream that begins with a good header in which one byte is another.
fn error_with(at: usize, byte: u8) -> FrameError {
    let mut bytes = encode(&[frame(1, b"body")]);
    bytes[at] = byte;
    let mut decoder = FrameDecoder::new(LIMITS);
    decoder.push(&bytes);
    decoder.next_frame().expect_err("the header is corrupt")
}

#[test]
fn a_stream_may_be_chopped_at_every_byte() {
    let frames = [
        frame(1, b""),
        frame(2, b"one"),
        frame(3, &[7; 40]),
        frame(4, b""),
    ];
    let bytes = encode(&frames);
    for cut in 0..=bytes.len() {
        let mut decoder = FrameDecoder::new(LIMITS);
        decoder.push(&bytes[..cut]);
        let mut found = drain(&mut decoder);
        decoder.push(&bytes[cut..]);
        found.extend(drain(&mut decoder));
        assert_eq!(found, frames, "cut at {cut}");
        assert_eq!(decoder.finish(), Ok(()));
    }
    let mut decoder = FrameDecoder::new(LIMITS);
    let mut found = Vec::new();
    for byte in bytes {
        decoder.push(&[byte]);
        found.extend(drain(&mut decoder));
    }
    assert_eq!(found, frames);
}

#[test]
fn a_truncated_stream_says_how_much_is_missing() {
    let body = [9; 20];
    let bytes = encode(&[frame(1, &body)]);
    for len in 1..bytes.len() {
        let mut decoder = FrameDecoder::new(LIMITS);
        decoder.push(&bytes[..len]);
        assert_eq!(decoder.next_frame(), Ok(None));
        // While the header is incomplete nobody knows how long the body would have been.
        let end = if len < HEADER_LEN {
            HEADER_LEN
        } else {
            bytes.len()
        };
        let missing = end - len;
        assert_eq!(decoder.finish(), Err(FrameError::Truncated { missing }));
        let wanted = if len < HEADER_LEN { 0 } else { missing };
        assert_eq!(decoder.wanted(), wanted);
    }
}

#[test]
fn what_is_shorter_than_a_header_and_none_is_named() {
    let mut decoder = FrameDecoder::new(LIMITS);
    decoder.push(b"Killed\n");
    assert_eq!(decoder.next_frame(), Ok(None));
    let found = *b"Ki";
    let magic = FrameError::Header(HeaderError::Magic { found });
    assert_eq!(decoder.finish(), Err(magic));
}

#[test]
fn an_end_that_nobody_looked_at_is_no_panic() {
    let mut decoder = FrameDecoder::new(LIMITS);
    decoder.push(&encode(&[frame(1, b"body"), frame(2, b"body")]));
    assert_eq!(decoder.finish(), Err(FrameError::Truncated { missing: 0 }));
}

#[test]
fn a_corrupt_header_is_named() {
    let magic = |found| FrameError::Header(HeaderError::Magic { found });
    assert_eq!(error_with(0, b'z'), magic(*b"zY"));
    assert_eq!(error_with(1, b'z'), magic(*b"Zz"));
    for found in [0, 2, 255] {
        let version = FrameError::Header(HeaderError::Version { found });
        assert_eq!(error_with(2, found), version);
    }
    // Raw bytes are never under zstd: three is both.
    for found in 3..=255 {
        let flags = FrameError::Header(HeaderError::Flags { found });
        assert_eq!(error_with(3, found), flags);
    }
}

#[test]
fn a_corrupt_stream_stays_corrupt() {
    let mut decoder = FrameDecoder::new(LIMITS);
    decoder.push(&[b'x'; HEADER_LEN]);
    let error = decoder.next_frame().expect_err("this is no header");
    decoder.push(&encode(&[frame(1, b"good")]));
    assert_eq!(decoder.next_frame(), Err(error));
}

#[test]
fn a_frame_before_the_corruption_still_comes() {
    let good = frame(1, b"good");
    let mut bytes = encode(std::slice::from_ref(&good));
    bytes.extend_from_slice(&[0; HEADER_LEN]);
    let mut decoder = FrameDecoder::new(LIMITS);
    decoder.push(&bytes);
    assert_eq!(decoder.next_frame(), Ok(Some(good)));
    assert!(decoder.next_frame().is_err());
}

#[test]
fn the_longest_body_is_taken_and_one_byte_more_is_not() {
    let longest = vec![5; LIMITS.max_body as usize];
    let mut decoder = FrameDecoder::new(LIMITS);
    decoder.push(&encode(&[frame(1, &longest)]));
    assert_eq!(drain(&mut decoder), [frame(1, &longest)]);

    let len = LIMITS.max_body + 1;
    let max = LIMITS.max_body;
    decoder.push(&frame(1, b"").header.encode(len));
    assert_eq!(decoder.next_frame(), Err(FrameError::TooLarge { len, max }));
}

#[test]
fn an_announced_length_takes_no_memory() {
    let mut decoder = FrameDecoder::new(Limits { max_body: u32::MAX });
    decoder.push(&frame(1, b"").header.encode(u32::MAX));
    assert_eq!(decoder.next_frame(), Ok(None));
    assert_eq!(decoder.wanted(), u32::MAX as usize);
    assert!(decoder.buffer().capacity() < 4096);
}

#[test]
fn ten_thousand_frames_come_out_of_one_push() {
    let frames: Vec<_> = (0..10_000).map(|n| frame(n, &n.to_be_bytes())).collect();
    let mut decoder = FrameDecoder::new(LIMITS);
    decoder.push(&encode(&frames));
    assert_eq!(drain(&mut decoder), frames);
}

#[test]
fn a_short_body_does_not_keep_the_buffer_and_a_long_one_is_not_copied() {
    let mut decoder = FrameDecoder::new(LIMITS);
    let (short, long) = (frame(1, b"short"), frame(2, &[1; 60_000]));
    decoder.push(&encode(&[short, long, frame(3, b"")]));
    let there = decoder.buffer().as_ptr_range();
    let bodies: Vec<_> = drain(&mut decoder).into_iter().map(|it| it.body).collect();
    assert!(bodies[0].is_unique());
    assert!(!there.contains(&bodies[0].as_ptr()));
    assert!(there.contains(&bodies[1].as_ptr()));
}
