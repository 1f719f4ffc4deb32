//! Accidents that happen to an input.

use crate::rng::Rng;

/// Bytes that mean something to one of the formats: heads of CBOR, magic numbers, brackets and quotes.
const WORDS: [&[u8]; 28] = [
    b"\x00",
    b"\x1b",
    b"\x5b",
    b"\x5f",
    b"\x7b",
    b"\x7f",
    b"\x9b",
    b"\x9f",
    b"\xbb",
    b"\xbf",
    b"\xc2",
    b"\xf6",
    b"\xf9",
    b"\xff",
    b"ZY\x01\x00",
    b"\x28\xb5\x2f\xfd",
    b"ZYMOGEN ",
    b"\n",
    b"(",
    b")",
    b"[",
    b"{",
    b"\"",
    b"'",
    b"\\u{",
    b"%",
    b"none",
    b"\xf0\x9f\xa6\x80",
];

/// Numbers at which something ends, as big-endian integers of any width.
const EXTREMES: [u64; 12] = [
    0,
    1,
    0x17,
    0x18,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    u64::MAX,
];

/// No input grows beyond this, in bytes.
const MAX_INPUT: usize = 8 << 10;

/// One of these inputs after a few accidents.
pub fn mutated(rng: &mut Rng, inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = rng.pick(inputs).clone();
    for _ in 0..=rng.below(4) {
        let at = rng.below(bytes.len() + 1);
        accident(rng, &mut bytes, at, inputs);
    }
    bytes.truncate(MAX_INPUT);
    bytes
}

fn accident(rng: &mut Rng, bytes: &mut Vec<u8>, at: usize, inputs: &[Vec<u8>]) {
    // Some only happen to a byte that is there.
    let there = at < bytes.len();
    match rng.below(10) {
        0 | 1 if there => bytes[at] ^= 1 << rng.below(8),
        2 if there => bytes[at] = rng.below(256) as u8,
        3 if there => {
            let end = bytes.len().min(at + 1 + rng.below(8));
            bytes.drain(at..end);
        }
        4 => bytes.truncate(at),
        5 => {
            let word = *rng.pick(&WORDS);
            bytes.splice(at..at, word.iter().copied());
        }
        6 => {
            let width = *rng.pick(&[1, 2, 4, 8]);
            let number = rng.pick(&EXTREMES).wrapping_sub(rng.below(2) as u64);
            let end = bytes.len().min(at + width);
            bytes.splice(at..end, number.to_be_bytes()[8 - width..].iter().copied());
        }
        7 => {
            // A part once more, or many times: what nests is made of this.
            let end = bytes.len().min(at + 1 + rng.below(8));
            let times = if rng.percent(20) { 200 } else { 1 };
            let part = bytes[at..end].repeat(times);
            bytes.splice(at..at, part);
        }
        8 => {
            let other = rng.pick(inputs);
            let from = rng.below(other.len() + 1);
            let to = from + rng.below(other.len() - from + 1);
            bytes.splice(at..at, other[from..to].iter().copied());
        }
        _ => {
            let other = rng.pick(inputs);
            let from = rng.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
    }
}
