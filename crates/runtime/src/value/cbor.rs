//! The heads of CBOR data items (RFC 8949, section 3), written and read.
//!
//! Why not `ciborium-ll`: its decoder pulls single bytes through a `Read` trait and copies text through
//! a scratch buffer, while all that is wanted here is a head and then a borrowed slice of the input, for
//! which eighty lines are enough, faster, and one dependency less in the slave. Indefinite lengths and tags have no use
//! in this protocol and are errors; a head may be longer than it need be, since generic CBOR writers
//! in other languages produce such.

use super::error::Malformed;

/// Major types, the upper three bits of a head.
pub(super) const UINT: u8 = 0;
pub(super) const NINT: u8 = 1;
pub(super) const BYTES: u8 = 2;
pub(super) const TEXT: u8 = 3;
pub(super) const ARRAY: u8 = 4;
pub(super) const MAP: u8 = 5;
pub(super) const TAG: u8 = 6;
pub(super) const SIMPLE: u8 = 7;

/// What the lower five bits of a head of major type [`SIMPLE`] say.
pub(super) const FALSE: u8 = 20;
pub(super) const TRUE: u8 = 21;
pub(super) const NULL: u8 = 22;
pub(super) const HALF: u8 = 25;
pub(super) const SINGLE: u8 = 26;
pub(super) const DOUBLE: u8 = 27;

/// The one byte of a null.
pub(super) const NULL_BYTE: u8 = SIMPLE << 5 | NULL;

/// The head of a data item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// The major type, 0 to 7.
    pub(super) major: u8,
    /// The lower five bits: the argument itself, or how many bytes it has.
    pub(super) info: u8,
    /// The argument: a number, a length, a count, or the bits of a float.
    pub(super) arg: u64,
}

/// Writes a head in its shortest form.
pub(super) fn put(out: &mut Vec<u8>, major: u8, arg: u64) {
    let major = major << 5;
    // The casts keep what the ranges beside them guarantee.
    match arg {
        0..=23 => out.push(major | arg as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, arg as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&(arg as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&(arg as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&arg.to_be_bytes());
        }
    }
}

/// Writes a byte string or a text with its head.
pub(super) fn put_slice(out: &mut Vec<u8>, major: u8, slice: &[u8]) {
    out.reserve(slice.len() + 9);
    put(out, major, slice.len() as u64);
    out.extend_from_slice(slice);
}

/// Writes a signed integer.
pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    // CBOR writes the negative number n as -1 - n, which in two's complement is its inverse.
    match u64::try_from(number) {
        Ok(number) => put(out, UINT, number),
        Err(_) => put(out, NINT, !number as u64),
    }
}

/// What is left of the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads one head.
    // In line, so that its parts stay in registers: a list has one for each number, and through memory they wait for each other.
    #[inline]
    pub(super) fn head(&mut self) -> Result<Head, Malformed> {
        let (&first, rest) = self.rest.split_first().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        let info = first & 0x1f;
        let arg = match info {
            0..=23 => u64::from(info),
            _ => self.argument(info)?,
        };
        Ok(Head {
            major: first >> 5,
            info,
            arg,
        })
    }

    /// The argument of a head that has bytes of its own for it.
    fn argument(&mut self, info: u8) -> Result<u64, Malformed> {
        Ok(match info {
            24 => u64::from(u8::from_be_bytes(self.array()?)),
            25 => u64::from(u16::from_be_bytes(self.array()?)),
            26 => u64::from(u32::from_be_bytes(self.array()?)),
            27 => u64::from_be_bytes(self.array()?),
            31 => return Err(Malformed::Indefinite),
            _ => return Err(Malformed::Reserved),
        })
    }

    /// Takes the bytes of a string whose head said that they are so many.
    pub(super) fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed::Truncated)?;
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes the bytes of a text and checks that they are UTF-8.
    pub(super) fn text(&mut self, length: u64) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.take(length)?).map_err(|_| Malformed::Utf8)
    }

    /// A count of items as a number that is safe to reserve for: each item has at least one byte, so
    /// a count that the rest of the input cannot hold is a lie.
    pub(super) fn count(&self, count: u64, bytes_each: usize) -> Result<usize, Malformed> {
        usize::try_from(count)
            .ok()
            .filter(|count| {
                count
                    .checked_mul(bytes_each)
                    .is_some_and(|n| n <= self.rest.len())
            })
            .ok_or(Malformed::Truncated)
    }

    /// Passes over one data item, whatever is in it.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        // A count instead of a recursion: how deep it nests is for the sender to say.
        let mut left: u64 = 1;
        while left > 0 {
            let head = self.head()?;
            left -= 1;
            let inside = match head.major {
                BYTES | TEXT => {
                    self.take(head.arg)?;
                    0
                }
                ARRAY => self.count(head.arg, 1)? as u64,
                MAP => 2 * self.count(head.arg, 2)? as u64,
                TAG => 1,
                _ => 0,
            };
            left += inside;
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }
}

/// What a head announces, for an error: `an array of 3 items`, `the number 300`.
pub(super) fn name(head: Head) -> String {
    let Head { major, info, arg } = head;
    match major {
        UINT => format!("the number {arg}"),
        NINT => format!("the number {}", -1 - i128::from(arg)),
        BYTES => format!("{arg} bytes"),
        TEXT => format!("a text of {arg} bytes"),
        ARRAY => format!("an array of {arg} items"),
        MAP => format!("a map of {arg} entries"),
        TAG => format!("the tag {arg}"),
        _ => match info {
            FALSE => "false".into(),
            TRUE => "true".into(),
            NULL => "null".into(),
            HALF | SINGLE | DOUBLE => "a float".into(),
            _ => format!("the simple value {arg}"),
        },
    }
}

/// The value of a half-precision float, which only foreign encoders write.
pub(super) fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff);
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (fraction + 1024.0) * 2f64.powi(exponent - 25),
    }
}
