//! From CBOR to a `Val`, directed by its type.
//!
//! The bytes come from another machine and may be anything. A length is compared with what is left of
//! the input before anything is reserved for it, and since a `Val` is much larger than the bytes it
//! comes from (a bool is one byte there and 40 here, and a record repeats its fields' names), all that is
//! built is charged to an allowance.
//!
//! Where nothing is to be built the same walk only checks the bytes ([`check_all`]): what is made of a value is `()` then.

use wasmtime::component::{Type, Val};

use super::cbor::{self, ARRAY, NINT, Reader, SIMPLE, TEXT, UINT};
use super::error::{At, Fault, Unplaced, ValueError};
use super::handles::{Handles, NoHandles};
use super::{MAX_DEPTH, describe};

mod compound;
mod made;

use made::Made;

/// What a decoder may spend.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of memory that the decoded values may take together, about as an allocator counts them.
    pub memory: usize,
}

impl Default for Limits {
    /// 256 MiB: twice what wasmtime itself allows for a value on the way out of a guest.
    fn default() -> Self {
        Self { memory: 256 << 20 }
    }
}

impl Limits {
    /// Decodes a value as [`decode`] does, within these limits.
    pub fn decode(self, ty: &Type, input: &mut &[u8]) -> Result<Val, ValueError> {
        let mut handles = NoHandles;
        let mut decoder = Decoder::new(self, input, &mut handles);
        let val = decoder.value(ty, 0).in_value("value")?;
        *input = decoder.input.rest;
        Ok(val)
    }

    /// Decodes a list of values as [`decode_all`] does, within these limits for all of them together.
    pub fn decode_all<N: AsRef<str>>(
        self,
        slots: &[(N, Type)],
        input: &mut &[u8],
    ) -> Result<Vec<Val>, ValueError> {
        self.decode_all_with(slots, input, &mut NoHandles)
    }

    /// The same of values among which there may be handles.
    pub fn decode_all_with<N: AsRef<str>>(
        self,
        slots: &[(N, Type)],
        input: &mut &[u8],
        handles: &mut dyn Handles,
    ) -> Result<Vec<Val>, ValueError> {
        let mut decoder = Decoder::new(self, input, handles);
        let vals = decoder.all(slots)?;
        *input = decoder.input.rest;
        Ok(vals)
    }
}

/// Finds out whether this is exactly one value for each slot, and nothing behind them: without building one. There may be
/// no handles among them.
pub fn check_all<N: AsRef<str>>(slots: &[(N, Type)], input: &[u8]) -> Result<(), ValueError> {
    let mut handles = NoHandles;
    let mut decoder = Decoder::new(Limits::default(), input, &mut handles);
    let _: Vec<()> = decoder.all(slots)?;
    finish(decoder.input.rest)
}

/// Decodes one value from the front of `input` and moves `input` behind it. On an error `input` stays.
///
/// Whoever wants nothing to follow calls [`finish`].
pub fn decode(ty: &Type, input: &mut &[u8]) -> Result<Val, ValueError> {
    Limits::default().decode(ty, input)
}

/// Decodes what [`super::encode_all`] wrote: exactly one value for each slot, a slot being the name that
/// errors shall use and the type.
pub fn decode_all<N: AsRef<str>>(
    slots: &[(N, Type)],
    input: &mut &[u8],
) -> Result<Vec<Val>, ValueError> {
    Limits::default().decode_all(slots, input)
}

/// The values of a piece of a stream that carries this type. Without one each is an empty tuple.
pub fn decode_items(item: Option<&Type>, piece: &[u8]) -> Result<Vec<Val>, ValueError> {
    let mut handles = NoHandles;
    let mut decoder = Decoder::new(Limits::default(), piece, &mut handles);
    let vals = decoder.items(item).in_value("item")?;
    finish(decoder.input.rest)?;
    Ok(vals)
}

/// An error unless the input is used up.
pub fn finish(input: &[u8]) -> Result<(), ValueError> {
    if input.is_empty() {
        Ok(())
    } else {
        Err(ValueError::Trailing { bytes: input.len() })
    }
}

struct Decoder<'a, 'h> {
    input: Reader<'a>,
    handles: &'h mut dyn Handles,
    limit: usize,
    left: usize,
}

impl<'a, 'h> Decoder<'a, 'h> {
    fn new(limits: Limits, input: &'a [u8], handles: &'h mut dyn Handles) -> Self {
        Self {
            handles,
            input: Reader { rest: input },
            limit: limits.memory,
            left: limits.memory,
        }
    }

    /// One value for each slot.
    fn all<M: Made, N: AsRef<str>>(&mut self, slots: &[(N, Type)]) -> Result<Vec<M>, ValueError> {
        self.array_of(slots.len(), || format!("{} values", slots.len()))
            .in_value("value")?;
        let mut vals = Vec::with_capacity(slots.len());
        for (name, ty) in slots {
            vals.push(self.value(ty, 0).in_value(name.as_ref())?);
        }
        Ok(vals)
    }

    /// Takes memory from the allowance, if there is something to keep in it.
    fn charge<M: Made>(&mut self, count: usize, bytes_each: usize) -> Result<(), Fault> {
        if !M::KEPT {
            return Ok(());
        }
        let left = count
            .checked_mul(bytes_each)
            .and_then(|bytes| self.left.checked_sub(bytes));
        self.left = left.ok_or_else(|| Unplaced::too_large(self.limit))?;
        Ok(())
    }

    /// Reads a text.
    fn text(&mut self) -> Result<&'a str, Fault> {
        let head = self.input.head()?;
        match head.major {
            TEXT => Ok(self.input.text(head.arg)?),
            _ => Err(Unplaced::mismatch("string", cbor::name(head))),
        }
    }

    /// Reads the head of an array that must have exactly so many items.
    fn array_of(&mut self, length: usize, expected: impl FnOnce() -> String) -> Result<(), Fault> {
        let head = self.input.head()?;
        if head.major != ARRAY || head.arg != length as u64 {
            return Err(Unplaced::mismatch(expected(), cbor::name(head)));
        }
        Ok(())
    }

    fn items(&mut self, item: Option<&Type>) -> Result<Vec<Val>, Fault> {
        let head = self.input.head()?;
        if head.major != ARRAY {
            return Err(Unplaced::mismatch("an array", cbor::name(head)));
        }
        let count = self.input.count(head.arg, 1)?;
        self.charge::<Val>(count, size_of::<Val>())?;
        let each = (0..count).map(|at| match item {
            Some(ty) => self.value(ty, 0).at_index(at),
            None => self
                .input
                .head()
                .map(|_| Val::Tuple(Vec::new()))
                .map_err(Into::into),
        });
        each.collect()
    }

    fn value<M: Made>(&mut self, ty: &Type, depth: usize) -> Result<M, Fault> {
        if depth > MAX_DEPTH {
            return Err(Unplaced::too_deep());
        }
        let number = match ty {
            Type::Bool => {
                let head = self.input.head()?;
                match (head.major, head.info) {
                    (SIMPLE, cbor::FALSE) => Val::Bool(false),
                    (SIMPLE, cbor::TRUE) => Val::Bool(true),
                    _ => return Err(Unplaced::mismatch("bool", cbor::name(head))),
                }
            }
            Type::S8 => Val::S8(self.integer(ty)?),
            Type::S16 => Val::S16(self.integer(ty)?),
            Type::S32 => Val::S32(self.integer(ty)?),
            Type::S64 => Val::S64(self.integer(ty)?),
            Type::U8 => Val::U8(self.integer(ty)?),
            Type::U16 => Val::U16(self.integer(ty)?),
            Type::U32 => Val::U32(self.integer(ty)?),
            Type::U64 => Val::U64(self.integer(ty)?),
            Type::Float32 => Val::Float32(self.single()?),
            Type::Float64 => Val::Float64(self.double(ty)?),
            Type::Char => {
                let text = self.text()?;
                let mut scalars = text.chars();
                match (scalars.next(), scalars.next()) {
                    (Some(scalar), None) => Val::Char(scalar),
                    _ => {
                        let found = format!("a text of {} bytes", text.len());
                        return Err(Unplaced::mismatch("char", found));
                    }
                }
            }
            Type::String => {
                let text = self.text()?;
                self.charge::<M>(1, text.len())?;
                return Ok(M::text(text));
            }
            _ => return self.compound(ty, depth),
        };
        Ok(M::plain(number))
    }

    fn integer<T: TryFrom<u64> + TryFrom<i64>>(&mut self, ty: &Type) -> Result<T, Fault> {
        let head = self.input.head()?;
        let number = match head.major {
            UINT => T::try_from(head.arg).ok(),
            // CBOR writes the negative number n as -1 - n, which in two's complement is its inverse.
            NINT => i64::try_from(head.arg)
                .ok()
                .and_then(|number| T::try_from(!number).ok()),
            _ => None,
        };
        number.ok_or_else(|| Unplaced::mismatch(describe(ty), cbor::name(head)))
    }

    fn single(&mut self) -> Result<f32, Fault> {
        let wide = self.double(&Type::Float32)?;
        // Rounds, and then finds out whether it had to.
        let narrow = wide as f32;
        match f64::from(narrow) == wide || wide.is_nan() {
            true => Ok(narrow),
            false => Err(Unplaced::mismatch(
                "f32",
                format!("{wide}, which is no f32"),
            )),
        }
    }

    /// A float of any width. Every NaN becomes the canonical one.
    fn double(&mut self, ty: &Type) -> Result<f64, Fault> {
        let head = self.input.head()?;
        let number = match (head.major, head.info) {
            // The casts keep all bits that a head of this width has.
            (SIMPLE, cbor::HALF) => cbor::half(head.arg as u16),
            (SIMPLE, cbor::SINGLE) => f64::from(f32::from_bits(head.arg as u32)),
            (SIMPLE, cbor::DOUBLE) => f64::from_bits(head.arg),
            _ => return Err(Unplaced::mismatch(describe(ty), cbor::name(head))),
        };
        Ok(if number.is_nan() { f64::NAN } else { number })
    }
}
