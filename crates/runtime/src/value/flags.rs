//! A flag set as bits: a number for at most 64 flags, bytes beyond.
//!
//! Bit i is the i-th flag of the type. Bytes are little-endian, as many as the flags need, so that the
//! length of the set follows from its type alone. Today's validators allow 32 flags at most; the component model once
//! allowed more and may again.

use super::cbor::{self, BYTES, Reader, UINT};
use super::error::{Fault, Unplaced};

/// The most flags that travel as a number.
const NUMBER: usize = 64;

/// Writes the set of those flags, out of `count`, whose positions `set` yields.
pub(super) fn put(out: &mut Vec<u8>, count: usize, set: impl Iterator<Item = usize>) {
    if count <= NUMBER {
        cbor::put(out, UINT, set.fold(0, |bits, flag| bits | 1 << flag));
    } else {
        let mut bytes = vec![0; count.div_ceil(8)];
        for flag in set {
            bytes[flag / 8] |= 1 << (flag % 8);
        }
        cbor::put_slice(out, BYTES, &bytes);
    }
}

/// Reads a set of `count` flags: an ascending list of positions, each below `count`.
pub(super) fn read(input: &mut Reader<'_>, count: usize) -> Result<Vec<usize>, Fault> {
    let head = input.head()?;
    let number;
    let bytes = match head.major {
        UINT if count <= NUMBER => {
            number = head.arg.to_le_bytes();
            number.as_slice()
        }
        BYTES if count > NUMBER => {
            let bytes = input.take(head.arg)?;
            if bytes.len() != count.div_ceil(8) {
                return Err(Unplaced::mismatch(
                    format!("{} bytes for {count} flags", count.div_ceil(8)),
                    cbor::name(head),
                ));
            }
            bytes
        }
        _ => {
            return Err(Unplaced::mismatch(
                format!("a set of {count} flags"),
                cbor::name(head),
            ));
        }
    };
    let mut set = Vec::new();
    for (at, &byte) in bytes.iter().enumerate() {
        let mut bits = byte;
        while bits != 0 {
            let flag = at * 8 + bits.trailing_zeros() as usize;
            if flag >= count {
                return Err(Unplaced::mismatch(
                    format!("a set of {count} flags"),
                    format!("a set with flag number {flag}"),
                ));
            }
            set.push(flag);
            bits &= bits - 1;
        }
    }
    Ok(set)
}
