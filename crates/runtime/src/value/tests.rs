//! What no component can reach: flag sets that today's validators refuse, and single heads.

use super::cbor::{self, Reader, half};
use super::error::Malformed;
use super::flags;

fn flags_of(count: usize, set: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    flags::put(&mut out, count, set.iter().copied());
    out
}

#[test]
fn many_flags_are_bytes() {
    assert_eq!(flags_of(64, &[63]), [0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(flags_of(65, &[]), [0x49, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(flags_of(65, &[0, 9, 64]), [0x49, 1, 2, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(flags_of(72, &[71]), [0x49, 0, 0, 0, 0, 0, 0, 0, 0, 0x80]);
}

#[test]
fn flags_survive() {
    for count in [1, 8, 31, 32, 33, 63, 64, 65, 72, 73, 200] {
        for step in [1, 2, 7, 64, 201] {
            let set: Vec<usize> = (0..count).step_by(step).collect();
            let bytes = flags_of(count, &set);
            let mut input = Reader { rest: &bytes };
            assert_eq!(
                flags::read(&mut input, count)
                    .expect("it was written so")
                    .positions()
                    .collect::<Vec<_>>(),
                set
            );
            assert!(input.rest.is_empty());
        }
    }
}

#[test]
fn flags_beyond_the_type_are_refused() {
    let read = |bytes: &[u8], count| flags::read(&mut Reader { rest: bytes }, count).is_ok();
    assert!(read(&[0x07], 3));
    assert!(!read(&[0x08], 3), "a fourth flag of three");
    assert!(!read(&[0x41, 0x07], 3), "bytes for few flags");
    assert!(!read(&[0x07], 65), "a number for many flags");
    assert!(!read(&[0x48, 0, 0, 0, 0, 0, 0, 0, 0], 65), "a byte too few");
    assert!(read(&[0x49, 0, 0, 0, 0, 0, 0, 0, 0, 1], 65));
    assert!(
        !read(&[0x49, 0, 0, 0, 0, 0, 0, 0, 0, 2], 65),
        "flag 66 of 65"
    );
}

#[test]
fn heads_are_shortest_and_read_back() {
    for (arg, length) in [
        (0, 1),
        (23, 1),
        (24, 2),
        (255, 2),
        (256, 3),
        (65_535, 3),
        (65_536, 5),
        (u64::from(u32::MAX), 5),
        (u64::from(u32::MAX) + 1, 9),
        (u64::MAX, 9),
    ] {
        let mut out = Vec::new();
        cbor::put(&mut out, cbor::MAP, arg);
        assert_eq!(out.len(), length, "{arg}");
        let head = Reader { rest: &out }.head().expect("a whole head");
        assert_eq!((head.major, head.arg), (cbor::MAP, arg));
        let short = Reader {
            rest: &out[..length - 1],
        }
        .head();
        assert_eq!(short.expect_err("a byte is missing"), Malformed::Truncated);
    }
}

#[test]
fn half_floats_have_their_values() {
    for (bits, value) in [
        (0x0000, 0.0),
        (0x8000, -0.0),
        (0x0001, 5.960_464_477_539_063e-8),
        (0x0400, 6.103_515_625e-5),
        (0x3c00, 1.0),
        (0x3e00, 1.5),
        (0xc400, -4.0),
        (0x7bff, 65_504.0),
        (0x7c00, f64::INFINITY),
        (0xfc00, f64::NEG_INFINITY),
    ] {
        assert_eq!(half(bits).to_bits(), f64::to_bits(value), "{bits:04x}");
    }
    assert!(half(0x7e00).is_nan());
}
