//! The parts of a value as CBOR, for a guest.
//!
//! Arguments were checked before ([`crate::value::check_all`]), and then nothing is wrong here; what a stream carries was not.

use super::payload;
use crate::value::cbor::{self, ARRAY, BYTES, Head, MAP, NINT, Reader, SIMPLE, TEXT, UINT};
use crate::value::error::Malformed;
use crate::value::flags::{self, Set};
use crate::value::numbers::Numbers;
use wasmtime::component::__internal::ComponentTypes;
use wasmtime::component::__internal::wasmtime_environ::component::InterfaceType;
use wasmtime::{Result, bail, format_err};

/// The bits of a number, as the core value that it is on a guest's stack, with zeros in front. In memory it is as many
/// of these bytes, from the lowest on, as its type takes.
pub(super) fn number(ty: InterfaceType, input: &mut Reader<'_>) -> Result<u64> {
    // The casts of signed numbers repeat their sign up to 32 bits.
    Ok(match ty {
        InterfaceType::Bool => {
            let head = head(input)?;
            match (head.major, head.info) {
                (SIMPLE, cbor::FALSE) => 0,
                (SIMPLE, cbor::TRUE) => 1,
                _ => return Err(wrong("bool", head)),
            }
        }
        InterfaceType::U8 => integer::<u8>(input)?.into(),
        InterfaceType::S8 => i32::from(integer::<i8>(input)?).cast_unsigned().into(),
        InterfaceType::U16 => integer::<u16>(input)?.into(),
        InterfaceType::S16 => i32::from(integer::<i16>(input)?).cast_unsigned().into(),
        InterfaceType::U32 => integer::<u32>(input)?.into(),
        InterfaceType::S32 => integer::<i32>(input)?.cast_unsigned().into(),
        InterfaceType::U64 => integer::<u64>(input)?,
        InterfaceType::S64 => integer::<i64>(input)?.cast_unsigned(),
        InterfaceType::Float32 => {
            let wide = float(input)?;
            // Rounds, and then finds out whether it had to.
            let narrow = wide as f32;
            if f64::from(narrow) != wide && !wide.is_nan() {
                bail!("{wide} is no f32");
            }
            narrow.to_bits().into()
        }
        InterfaceType::Float64 => float(input)?.to_bits(),
        InterfaceType::Char => {
            let mut scalars = text(input)?.chars();
            let (Some(scalar), None) = (scalars.next(), scalars.next()) else {
                bail!("a char that is not one character");
            };
            u32::from(scalar).into()
        }
        _ => return Err(super::no_data()),
    })
}

/// The count of a list's elements or of a map's entries.
pub(super) fn count(ty: Counted, input: &mut Reader<'_>) -> Result<usize> {
    let head = head(input)?;
    let numbers = match ty {
        Counted::List(element) => Numbers::of_guest(element),
        Counted::Map => None,
    };
    let (major, least) = match (ty, numbers) {
        (_, Some(_)) => (BYTES, 1),
        (Counted::List(_), None) => (ARRAY, 1),
        (Counted::Map, None) => (MAP, 2),
    };
    let width = numbers.map_or(1, |numbers| numbers.width);
    if head.major != major || !head.arg.is_multiple_of(width as u64) {
        return Err(wrong("a list or map", head));
    }
    let count = input.count(head.arg, least).map_err(malformed)?;
    Ok(count / width)
}

/// What has a count in front of it.
#[derive(Clone, Copy)]
pub(super) enum Counted {
    /// A list of these.
    List(InterfaceType),
    Map,
}

/// The head of so many values that lie side by side.
pub(super) fn parts(count: usize, input: &mut Reader<'_>) -> Result<()> {
    let head = head(input)?;
    if head.major != ARRAY || head.arg != count as u64 {
        return Err(wrong("another number of values", head));
    }
    Ok(())
}

/// Which of several cases it is, and the type of the payload that follows.
pub(super) fn case(
    types: &ComponentTypes,
    ty: InterfaceType,
    input: &mut Reader<'_>,
) -> Result<(usize, Option<InterfaceType>)> {
    let (index, there) = match ty {
        InterfaceType::Enum(_) => (integer::<u32>(input)? as usize, false),
        InterfaceType::Option(_) => {
            let head = head(input)?;
            match (head.major, head.info, head.arg) {
                (SIMPLE, cbor::NULL, _) => (0, false),
                (ARRAY, _, 1) => (1, true),
                _ => return Err(wrong("an option", head)),
            }
        }
        _ => {
            let head = head(input)?;
            match (head.major, head.arg) {
                (ARRAY, 1 | 2) => (integer::<u32>(input)? as usize, head.arg == 2),
                _ => return Err(wrong("a variant or result", head)),
            }
        }
    };
    let payload = payload(types, ty, index)?;
    if payload.is_some() != there {
        bail!("a case with a payload too many or too few");
    }
    Ok((index, payload))
}

pub(super) fn flags<'a>(count: usize, input: &mut Reader<'a>) -> Result<Set<'a>> {
    flags::read(input, count)
        .map_err(|_| format_err!("what should be a set of {count} flags is none"))
}

pub(super) fn text<'a>(input: &mut Reader<'a>) -> Result<&'a str> {
    let head = head(input)?;
    match head.major {
        TEXT => input.text(head.arg).map_err(malformed),
        _ => Err(wrong("a string", head)),
    }
}

pub(super) fn bytes<'a>(count: usize, input: &mut Reader<'a>) -> Result<&'a [u8]> {
    input.take(count as u64).map_err(malformed)
}

/// Nothing may be left.
pub(super) fn finish(input: &Reader<'_>) -> Result<()> {
    if !input.rest.is_empty() {
        bail!("bytes behind a value");
    }
    Ok(())
}

fn head(input: &mut Reader<'_>) -> Result<Head> {
    input.head().map_err(malformed)
}

fn integer<N: TryFrom<u64> + TryFrom<i64>>(input: &mut Reader<'_>) -> Result<N> {
    let head = head(input)?;
    let number = match head.major {
        UINT => N::try_from(head.arg).ok(),
        // CBOR writes the negative number n as -1 - n, which in two's complement is its inverse.
        NINT => i64::try_from(head.arg)
            .ok()
            .and_then(|number| N::try_from(!number).ok()),
        _ => None,
    };
    number.ok_or_else(|| wrong("an integer of its type", head))
}

/// A float of any width. Every NaN becomes the canonical one.
fn float(input: &mut Reader<'_>) -> Result<f64> {
    let head = head(input)?;
    let number = match (head.major, head.info) {
        // The casts keep all bits that a head of this width has.
        (SIMPLE, cbor::HALF) => cbor::half(head.arg as u16),
        (SIMPLE, cbor::SINGLE) => f64::from(f32::from_bits(head.arg as u32)),
        (SIMPLE, cbor::DOUBLE) => f64::from_bits(head.arg),
        _ => return Err(wrong("a float", head)),
    };
    Ok(if number.is_nan() { f64::NAN } else { number })
}

#[cold]
fn wrong(expected: &str, head: Head) -> wasmtime::Error {
    format_err!(
        "a guest was to get {expected}, and got {}",
        cbor::name(head)
    )
}

#[cold]
fn malformed(error: Malformed) -> wasmtime::Error {
    format_err!("a guest was to get a value, and got what is none: {error}")
}
