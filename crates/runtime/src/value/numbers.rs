//! Lists of numbers: one byte string, in which they stand as in a guest's memory, little-endian and each of its full width. So such
//! a list is copied, and not converted.
//!
//! Bools and characters are no such numbers: not all bytes are one.

use wasmtime::component::__internal::wasmtime_environ::component::InterfaceType;
use wasmtime::component::{Type, Val};

/// How numbers of one type stand in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Numbers {
    /// Bytes of each: 1, 2, 4 or 8.
    pub(super) width: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Unsigned,
    Signed,
    Float,
}

impl Numbers {
    /// None if this is no such number.
    pub(super) fn of(ty: &Type) -> Option<Self> {
        let (kind, width) = match ty {
            Type::U8 => (Kind::Unsigned, 1),
            Type::U16 => (Kind::Unsigned, 2),
            Type::U32 => (Kind::Unsigned, 4),
            Type::U64 => (Kind::Unsigned, 8),
            Type::S8 => (Kind::Signed, 1),
            Type::S16 => (Kind::Signed, 2),
            Type::S32 => (Kind::Signed, 4),
            Type::S64 => (Kind::Signed, 8),
            Type::Float32 => (Kind::Float, 4),
            Type::Float64 => (Kind::Float, 8),
            _ => return None,
        };
        Some(Self { width, kind })
    }

    /// The same of a guest's own type.
    pub(super) fn of_guest(ty: InterfaceType) -> Option<Self> {
        Self::of(&match ty {
            InterfaceType::U8 => Type::U8,
            InterfaceType::U16 => Type::U16,
            InterfaceType::U32 => Type::U32,
            InterfaceType::U64 => Type::U64,
            InterfaceType::S8 => Type::S8,
            InterfaceType::S16 => Type::S16,
            InterfaceType::S32 => Type::S32,
            InterfaceType::S64 => Type::S64,
            InterfaceType::Float32 => Type::Float32,
            InterfaceType::Float64 => Type::Float64,
            _ => return None,
        })
    }

    /// Makes every NaN among these numbers the one that all hosts write.
    pub(super) fn one_nan(self, bytes: &mut [u8]) {
        match (self.kind, self.width) {
            (Kind::Float, 4) => {
                for number in bytes.as_chunks_mut().0 {
                    *number = single(*number).to_le_bytes();
                }
            }
            (Kind::Float, _) => {
                for number in bytes.as_chunks_mut().0 {
                    *number = double(*number).to_le_bytes();
                }
            }
            _ => {}
        }
    }

    /// One number as the core value that it is on a guest's stack, with zeros in front.
    pub(super) fn core(self, number: &[u8]) -> u64 {
        let mut bytes = [0; 8];
        bytes[..self.width].copy_from_slice(number);
        self.one_nan(&mut bytes[..self.width]);
        let bits = u64::from_le_bytes(bytes);
        if self.kind == Kind::Signed && self.width < 4 {
            // Its sign is repeated up to 32 bits.
            let above = 32 - 8 * self.width;
            let number = ((bits as u32) << above).cast_signed() >> above;
            return number.cast_unsigned().into();
        }
        bits
    }
}

fn single(bytes: [u8; 4]) -> f32 {
    let number = f32::from_le_bytes(bytes);
    if number.is_nan() { f32::NAN } else { number }
}

fn double(bytes: [u8; 8]) -> f64 {
    let number = f64::from_le_bytes(bytes);
    if number.is_nan() { f64::NAN } else { number }
}

/// Appends a number. False if it is none of this type.
pub(super) fn put(ty: &Type, val: &Val, out: &mut Vec<u8>) -> bool {
    match (ty, val) {
        (Type::U8, Val::U8(number)) => out.push(*number),
        (Type::U16, Val::U16(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Type::U32, Val::U32(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Type::U64, Val::U64(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Type::S8, Val::S8(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Type::S16, Val::S16(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Type::S32, Val::S32(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Type::S64, Val::S64(number)) => out.extend_from_slice(&number.to_le_bytes()),
        (Type::Float32, Val::Float32(number)) => {
            out.extend_from_slice(&single(number.to_le_bytes()).to_le_bytes());
        }
        (Type::Float64, Val::Float64(number)) => {
            out.extend_from_slice(&double(number.to_le_bytes()).to_le_bytes());
        }
        _ => return false,
    }
    true
}

/// The numbers in these bytes, of which there are as many as some numbers take.
pub(super) fn vals(ty: &Type, bytes: &[u8]) -> Vec<Val> {
    fn each<const N: usize>(bytes: &[u8], val: impl Fn([u8; N]) -> Val) -> Vec<Val> {
        bytes.as_chunks().0.iter().copied().map(val).collect()
    }
    match ty {
        Type::U8 => each(bytes, |number| Val::U8(u8::from_le_bytes(number))),
        Type::U16 => each(bytes, |number| Val::U16(u16::from_le_bytes(number))),
        Type::U32 => each(bytes, |number| Val::U32(u32::from_le_bytes(number))),
        Type::U64 => each(bytes, |number| Val::U64(u64::from_le_bytes(number))),
        Type::S8 => each(bytes, |number| Val::S8(i8::from_le_bytes(number))),
        Type::S16 => each(bytes, |number| Val::S16(i16::from_le_bytes(number))),
        Type::S32 => each(bytes, |number| Val::S32(i32::from_le_bytes(number))),
        Type::S64 => each(bytes, |number| Val::S64(i64::from_le_bytes(number))),
        Type::Float32 => each(bytes, |number| Val::Float32(single(number))),
        Type::Float64 => each(bytes, |number| Val::Float64(double(number))),
        _ => Vec::new(),
    }
}
