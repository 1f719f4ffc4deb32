//! The digest behind a stream, and what is too short to have one.

#![allow(clippy::unwrap_used)]

use super::{TAIL, Tail};
use bytes::Bytes;

#[test]
fn the_digest_is_what_comes_last_however_the_stream_is_cut() {
    let stream: Vec<u8> = (0..100).collect();
    for cut in 1..=stream.len() {
        let mut tail = Tail::default();
        let mut content = Vec::new();
        for piece in stream.chunks(cut) {
            for part in tail.shift(Bytes::copy_from_slice(piece)) {
                content.extend_from_slice(&part);
            }
        }
        assert_eq!(content, stream[..100 - TAIL], "in pieces of {cut}");
        assert_eq!(tail.digest().unwrap(), stream[100 - TAIL..]);
    }
}

#[test]
fn a_stream_that_is_too_short_has_no_digest() {
    let mut tail = Tail::default();
    assert_eq!(tail.digest(), None);
    let parts = tail.shift(Bytes::from_static(&[0; TAIL - 1]));
    assert!(parts.iter().all(Bytes::is_empty));
    assert_eq!(tail.digest(), None);
}
