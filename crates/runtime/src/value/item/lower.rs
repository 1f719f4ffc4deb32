//! From CBOR into a guest's memory, directed by the guest's type.
//!
//! The CBOR comes from another machine and may be anything; memory for what it holds is the guest's own, and is asked of it.

use super::Item;
use crate::value::cbor::{self, ARRAY, BYTES, MAP, NINT, Reader, SIMPLE, TEXT, UINT};
use crate::value::flags;
use wasmtime::component::__internal::LowerContext;
use wasmtime::component::__internal::wasmtime_environ::component::{InterfaceType, VariantInfo};
use wasmtime::component::Lower;
use wasmtime::{Result, bail, format_err};

/// Puts items one behind the other.
pub(super) fn items<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    base: usize,
    items: &[Item],
) -> Result<()> {
    let abi = cx.types.canonical_abi(&ty);
    let size = abi.size32 as usize;
    if !base.is_multiple_of(abi.align32 as usize) {
        bail!("a stream is read to an address that is not aligned");
    }
    // wasmtime has checked nothing, since for it an item takes no room.
    let end = size
        .checked_mul(items.len())
        .and_then(|length| base.checked_add(length));
    if end.is_none_or(|end| end > cx.as_slice_mut().len()) {
        bail!("a stream is read out of the bounds of memory");
    }
    for (at, item) in items.iter().enumerate() {
        let mut input = Reader { rest: &item.0 };
        value(cx, ty, &mut input, base + at * size)?;
        if !input.rest.is_empty() {
            bail!("an item of a stream with bytes behind its value");
        }
    }
    Ok(())
}

fn value<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    input: &mut Reader<'_>,
    offset: usize,
) -> Result<()> {
    match ty {
        InterfaceType::Bool => {
            let head = head(input)?;
            let value = match (head.major, head.info) {
                (SIMPLE, cbor::FALSE) => 0,
                (SIMPLE, cbor::TRUE) => 1,
                _ => return Err(wrong("bool", head)),
            };
            *cx.get(offset) = [value];
        }
        InterfaceType::U8 => *cx.get(offset) = integer::<u8>(input)?.to_le_bytes(),
        InterfaceType::S8 => *cx.get(offset) = integer::<i8>(input)?.to_le_bytes(),
        InterfaceType::U16 => *cx.get(offset) = integer::<u16>(input)?.to_le_bytes(),
        InterfaceType::S16 => *cx.get(offset) = integer::<i16>(input)?.to_le_bytes(),
        InterfaceType::U32 => *cx.get(offset) = integer::<u32>(input)?.to_le_bytes(),
        InterfaceType::S32 => *cx.get(offset) = integer::<i32>(input)?.to_le_bytes(),
        InterfaceType::U64 => *cx.get(offset) = integer::<u64>(input)?.to_le_bytes(),
        InterfaceType::S64 => *cx.get(offset) = integer::<i64>(input)?.to_le_bytes(),
        InterfaceType::Float32 => {
            let wide = float(input)?;
            // Rounds, and then finds out whether it had to.
            let narrow = wide as f32;
            if f64::from(narrow) != wide && !wide.is_nan() {
                bail!("{wide} in a stream is no f32");
            }
            *cx.get(offset) = narrow.to_le_bytes();
        }
        InterfaceType::Float64 => *cx.get(offset) = float(input)?.to_le_bytes(),
        InterfaceType::Char => {
            let mut scalars = text(input)?.chars();
            let (Some(scalar), None) = (scalars.next(), scalars.next()) else {
                bail!("a char in a stream that is not one character");
            };
            *cx.get(offset) = u32::from(scalar).to_le_bytes();
        }
        InterfaceType::String => {
            // wasmtime's own: it knows the encodings.
            text(input)?.linear_lower_to_memory(cx, ty, offset)?;
        }
        _ => compound(cx, ty, input, offset)?,
    }
    Ok(())
}

fn compound<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    input: &mut Reader<'_>,
    offset: usize,
) -> Result<()> {
    let types = cx.types;
    match ty {
        InterfaceType::List(list) => {
            let element = types[list].element;
            let abi = types.canonical_abi(&element);
            let count = list_head(element, input)?;
            let base = room(cx, abi.align32, abi.size32, count)?;
            elements(cx, element, count, input, base)?;
            pointer_and_length(cx, offset, base, count)
        }
        InterfaceType::FixedLengthList(list) => {
            let list = &types[list];
            if list_head(list.element, input)? != list.size as usize {
                bail!("a list of another length in a stream");
            }
            elements(cx, list.element, list.size as usize, input, offset)
        }
        InterfaceType::Map(map) => {
            let map = &types[map];
            let head = head(input)?;
            if head.major != MAP {
                return Err(wrong("a map", head));
            }
            let count = input.count(head.arg, 2).map_err(malformed)?;
            let (align, size) = (map.entry_abi.align32, map.entry_abi.size32);
            let base = room(cx, align, size, count)?;
            for at in 0..count {
                let entry = base + at * size as usize;
                value(cx, map.key, input, entry)?;
                value(cx, map.value, input, entry + map.value_offset32 as usize)?;
            }
            pointer_and_length(cx, offset, base, count)
        }
        InterfaceType::Record(record) => {
            let fields = types[record].fields.iter().map(|field| field.ty);
            fields_of(cx, fields, input, offset)
        }
        InterfaceType::Tuple(tuple) => {
            let parts = types[tuple].types.iter().copied();
            fields_of(cx, parts, input, offset)
        }
        _ => choice(cx, ty, input, offset),
    }
}

/// A value that is one of several, or some of them.
fn choice<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    input: &mut Reader<'_>,
    offset: usize,
) -> Result<()> {
    let types = cx.types;
    match ty {
        InterfaceType::Variant(variant) => {
            let variant = &types[variant];
            let (index, there) = case(input)?;
            let Some((_, payload)) = variant.cases.get_index(index) else {
                bail!("a case with number {index} in a stream, which its type lacks");
            };
            let case = (index, *payload, there);
            case_of(cx, case, &variant.info, input, offset)
        }
        InterfaceType::Enum(names) => {
            let names = &types[names];
            let index = integer::<u32>(input)? as usize;
            if index >= names.names.len() {
                bail!("a case with number {index} in a stream, which its type lacks");
            }
            set_discriminant(cx, &names.info, index, offset);
            Ok(())
        }
        InterfaceType::Option(option) => {
            let option = &types[option];
            let head = head(input)?;
            match (head.major, head.info, head.arg) {
                (SIMPLE, cbor::NULL, _) => set_discriminant(cx, &option.info, 0, offset),
                (ARRAY, _, 1) => {
                    set_discriminant(cx, &option.info, 1, offset);
                    let payload = offset + option.info.payload_offset32 as usize;
                    value(cx, option.ty, input, payload)?;
                }
                _ => return Err(wrong("an option", head)),
            }
            Ok(())
        }
        InterfaceType::Result(result) => {
            let result = &types[result];
            let (index, there) = case(input)?;
            let payload = match index {
                0 => result.ok,
                1 => result.err,
                _ => bail!("a case with number {index} in a stream, which its type lacks"),
            };
            case_of(cx, (index, payload, there), &result.info, input, offset)
        }
        InterfaceType::Flags(names) => {
            let count = types[names].names.len();
            let set = flags::read(input, count)
                .map_err(|_| format_err!("a stream carried what is no set of {count} flags"))?;
            let mut bytes = vec![0; types.canonical_abi(&ty).size32 as usize];
            for flag in set {
                bytes[flag / 8] |= 1 << (flag % 8);
            }
            for (at, byte) in bytes.into_iter().enumerate() {
                *cx.get(offset + at) = [byte];
            }
            Ok(())
        }
        _ => bail!("an item of a stream that holds a resource, a stream or a future"),
    }
}

/// The count of a list's elements: of bytes for bytes, else an array's.
fn list_head(element: InterfaceType, input: &mut Reader<'_>) -> Result<usize> {
    let head = head(input)?;
    let major = if element == InterfaceType::U8 {
        BYTES
    } else {
        ARRAY
    };
    if head.major != major {
        return Err(wrong("a list", head));
    }
    input.count(head.arg, 1).map_err(malformed)
}

fn elements<T>(
    cx: &mut LowerContext<'_, T>,
    element: InterfaceType,
    count: usize,
    input: &mut Reader<'_>,
    base: usize,
) -> Result<()> {
    if element == InterfaceType::U8 {
        let bytes = input.take(count as u64).map_err(malformed)?;
        let memory = cx.as_slice_mut();
        let there = memory.get_mut(base..base + count);
        let there = there.ok_or_else(|| format_err!("a list out of the bounds of memory"))?;
        there.copy_from_slice(bytes);
        return Ok(());
    }
    let size = cx.types.canonical_abi(&element).size32 as usize;
    (0..count).try_for_each(|at| value(cx, element, input, base + at * size))
}

fn fields_of<T>(
    cx: &mut LowerContext<'_, T>,
    fields: impl ExactSizeIterator<Item = InterfaceType>,
    input: &mut Reader<'_>,
    offset: usize,
) -> Result<()> {
    let head = head(input)?;
    if head.major != ARRAY || head.arg != fields.len() as u64 {
        return Err(wrong("a record or tuple", head));
    }
    let mut end = offset;
    for ty in fields {
        let at = cx.types.canonical_abi(&ty).next_field32_size(&mut end);
        value(cx, ty, input, at)?;
    }
    Ok(())
}

/// The index of `[index]` or `[index, payload]`, and whether there is a payload.
fn case(input: &mut Reader<'_>) -> Result<(usize, bool)> {
    let head = head(input)?;
    match (head.major, head.arg) {
        (ARRAY, 1 | 2) => Ok((integer::<u32>(input)? as usize, head.arg == 2)),
        _ => Err(wrong("a variant or result", head)),
    }
}

fn case_of<T>(
    cx: &mut LowerContext<'_, T>,
    (index, payload, there): (usize, Option<InterfaceType>, bool),
    info: &VariantInfo,
    input: &mut Reader<'_>,
    offset: usize,
) -> Result<()> {
    set_discriminant(cx, info, index, offset);
    match payload {
        Some(ty) if there => value(cx, ty, input, offset + info.payload_offset32 as usize),
        None if !there => Ok(()),
        _ => bail!("a case in a stream with a payload too many or too few"),
    }
}

/// The index is one of the type's, so it fits.
fn set_discriminant<T>(
    cx: &mut LowerContext<'_, T>,
    info: &VariantInfo,
    index: usize,
    offset: usize,
) {
    match u32::from(info.size) {
        1 => *cx.get(offset) = (index as u8).to_le_bytes(),
        2 => *cx.get(offset) = (index as u16).to_le_bytes(),
        _ => *cx.get(offset) = (index as u32).to_le_bytes(),
    }
}

/// Asks the guest for memory. What it gives is within its bounds: wasmtime checks that.
fn room<T>(cx: &mut LowerContext<'_, T>, align: u32, size: u32, count: usize) -> Result<usize> {
    let length = (size as usize)
        .checked_mul(count)
        .ok_or_else(|| format_err!("a list in a stream that no memory can hold"))?;
    cx.realloc(0, 0, align, length)
}

fn pointer_and_length<T>(
    cx: &mut LowerContext<'_, T>,
    offset: usize,
    base: usize,
    count: usize,
) -> Result<()> {
    *cx.get(offset) = u32::try_from(base)?.to_le_bytes();
    *cx.get(offset + 4) = u32::try_from(count)?.to_le_bytes();
    Ok(())
}

fn head(input: &mut Reader<'_>) -> Result<cbor::Head> {
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

fn text<'a>(input: &mut Reader<'a>) -> Result<&'a str> {
    let head = head(input)?;
    match head.major {
        TEXT => input.text(head.arg).map_err(malformed),
        _ => Err(wrong("a string", head)),
    }
}

#[cold]
fn wrong(expected: &str, head: cbor::Head) -> wasmtime::Error {
    format_err!(
        "a stream carried {} instead of {expected}",
        cbor::name(head)
    )
}

#[cold]
fn malformed(error: crate::value::error::Malformed) -> wasmtime::Error {
    format_err!("a stream carried what is no CBOR: {error}")
}
