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

/// Writes the set of those flags, out of `count`, whose bits are set in the bytes, of which there are enough.
pub(super) fn put_bytes(out: &mut Vec<u8>, count: usize, bytes: &[u8]) {
    let is_set = |flag: &usize| bytes[flag / 8] & 1 << (flag % 8) != 0;
    put(out, count, (0..count).filter(is_set));
}

/// A set as it came: all its flags are of its type.
pub(super) enum Set<'a> {
    Number([u8; 8]),
    Bytes(&'a [u8]),
}

impl Set<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Number(bytes) => bytes,
            Self::Bytes(bytes) => bytes,
        }
    }

    /// Eight flags of it. Behind its end none is set.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes().get(at).copied().unwrap_or(0)
    }

    /// The positions of those that are set, ascending.
    pub(super) fn positions(&self) -> impl Iterator<Item = usize> {
        let bytes = self.bytes();
        (0..bytes.len() * 8).filter(|flag| bytes[flag / 8] & 1 << (flag % 8) != 0)
    }
}

/// Reads a set of `count` flags.
pub(super) fn read<'a>(input: &mut Reader<'a>, count: usize) -> Result<Set<'a>, Fault> {
    let head = input.head()?;
    let set = match head.major {
        UINT if count <= NUMBER => Set::Number(head.arg.to_le_bytes()),
        BYTES if count > NUMBER => {
            let bytes = input.take(head.arg)?;
            if bytes.len() != count.div_ceil(8) {
                return Err(Unplaced::mismatch(
                    format!("{} bytes for {count} flags", count.div_ceil(8)),
                    cbor::name(head),
                ));
            }
            Set::Bytes(bytes)
        }
        _ => {
            return Err(Unplaced::mismatch(
                format!("a set of {count} flags"),
                cbor::name(head),
            ));
        }
    };
    let beyond = set.positions().find(|flag| *flag >= count);
    match beyond {
        None => Ok(set),
        Some(flag) => Err(Unplaced::mismatch(
            format!("a set of {count} flags"),
            format!("a set with flag number {flag}"),
        )),
    }
}
