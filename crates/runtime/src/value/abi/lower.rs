//! From CBOR into a guest's memory. Memory for what lies behind a pointer is the guest's own, and is asked of it.

use super::input::{self, Counted};
use super::{cases, is_number, no_data, parts};
use crate::value::cbor::Reader;
use crate::value::numbers::Numbers;
use wasmtime::component::__internal::LowerContext;
use wasmtime::component::__internal::wasmtime_environ::component::{InterfaceType, VariantInfo};
use wasmtime::component::Lower;
use wasmtime::{Result, bail, format_err};

/// Puts values one behind the other: each is one whole item of CBOR.
pub(in crate::value) fn items<'i, T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    base: usize,
    items: impl ExactSizeIterator<Item = &'i [u8]>,
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
    for (at, item) in items.enumerate() {
        let mut input = Reader { rest: item };
        value(cx, ty, &mut input, base + at * size)?;
        input::finish(&input)?;
    }
    Ok(())
}

/// Puts a value where there is room for it.
pub(super) fn value<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    input: &mut Reader<'_>,
    offset: usize,
) -> Result<()> {
    match ty {
        InterfaceType::String => {
            // wasmtime's own: it knows the encodings.
            input::text(input)?.linear_lower_to_memory(cx, ty, offset)
        }
        InterfaceType::List(_) | InterfaceType::Map(_) => {
            let (base, count) = list(cx, ty, input)?;
            *cx.get(offset) = u32::try_from(base)?.to_le_bytes();
            *cx.get(offset + 4) = u32::try_from(count)?.to_le_bytes();
            Ok(())
        }
        InterfaceType::FixedLengthList(list) if is_number(cx.types[list].element) => {
            let list = &cx.types[list];
            if input::count(Counted::List(list.element), input)? != list.size as usize {
                bail!("a list of another length");
            }
            elements(cx, list.element, list.size as usize, input, offset)
        }
        InterfaceType::Flags(names) => {
            let set = input::flags(cx.types[names].names.len(), input)?;
            // One byte, two, or as many words of four as it takes: little-endian all of them.
            for at in 0..cx.types.canonical_abi(&ty).size32 as usize {
                *cx.get(offset + at) = [set.byte(at)];
            }
            Ok(())
        }
        _ if is_number(ty) => {
            let bits = input::number(ty, input)?;
            match cx.types.canonical_abi(&ty).size32 {
                1 => *cx.get(offset) = low::<1>(bits),
                2 => *cx.get(offset) = low::<2>(bits),
                4 => *cx.get(offset) = low::<4>(bits),
                _ => *cx.get(offset) = low::<8>(bits),
            }
            Ok(())
        }
        _ => compound(cx, ty, input, offset),
    }
}

fn compound<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    input: &mut Reader<'_>,
    offset: usize,
) -> Result<()> {
    let types = cx.types;
    if let Some(parts) = parts(types, ty) {
        input::parts(parts.len(), input)?;
        let mut end = offset;
        for ty in parts {
            let at = types.canonical_abi(&ty).next_field32_size(&mut end);
            value(cx, ty, input, at)?;
        }
        return Ok(());
    }
    let info = cases(types, ty).ok_or_else(no_data)?;
    let (index, payload) = input::case(types, ty, input)?;
    set_discriminant(cx, info, index, offset);
    match payload {
        Some(ty) => value(cx, ty, input, offset + info.payload_offset32 as usize),
        None => Ok(()),
    }
}

/// Puts the elements of a list, or the entries of a map, into memory of their own: where that is, and how many.
pub(super) fn list<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    input: &mut Reader<'_>,
) -> Result<(usize, usize)> {
    let types = cx.types;
    match ty {
        InterfaceType::List(list) => {
            let element = types[list].element;
            let abi = types.canonical_abi(&element);
            let count = input::count(Counted::List(element), input)?;
            let base = room(cx, abi.align32, abi.size32, count)?;
            elements(cx, element, count, input, base)?;
            Ok((base, count))
        }
        InterfaceType::Map(map) => {
            let map = &types[map];
            let count = input::count(Counted::Map, input)?;
            let (align, size) = (map.entry_abi.align32, map.entry_abi.size32);
            let base = room(cx, align, size, count)?;
            for at in 0..count {
                let entry = base + at * size as usize;
                value(cx, map.key, input, entry)?;
                value(cx, map.value, input, entry + map.value_offset32 as usize)?;
            }
            Ok((base, count))
        }
        _ => Err(no_data()),
    }
}

fn elements<T>(
    cx: &mut LowerContext<'_, T>,
    element: InterfaceType,
    count: usize,
    input: &mut Reader<'_>,
    base: usize,
) -> Result<()> {
    let size = cx.types.canonical_abi(&element).size32 as usize;
    if !is_number(element) {
        return (0..count).try_for_each(|at| value(cx, element, input, base + at * size));
    }
    // Nothing in between can move the memory: numbers ask for none.
    let there = cx.as_slice_mut().get_mut(base..base + count * size);
    let there = there.ok_or_else(|| format_err!("a list out of the bounds of memory"))?;
    if let Some(numbers) = Numbers::of_guest(element) {
        there.copy_from_slice(input::bytes(there.len(), input)?);
        numbers.one_nan(there);
        return Ok(());
    }
    match size {
        1 => each::<1>(element, input, there),
        _ => each::<4>(element, input, there),
    }
}

/// Fills memory with bools or characters, of which each takes N bytes.
fn each<const N: usize>(ty: InterfaceType, input: &mut Reader<'_>, there: &mut [u8]) -> Result<()> {
    for place in there.as_chunks_mut::<N>().0 {
        *place = low(input::number(ty, input)?);
    }
    Ok(())
}

/// The lowest bytes of a number.
fn low<const N: usize>(bits: u64) -> [u8; N] {
    let bytes = bits.to_le_bytes();
    // N is 1, 2, 4 or 8.
    std::array::from_fn(|at| bytes[at])
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

/// Asks the guest for memory. What it gives is aligned and within its bounds: wasmtime checks that.
fn room<T>(cx: &mut LowerContext<'_, T>, align: u32, size: u32, count: usize) -> Result<usize> {
    let length = (size as usize)
        .checked_mul(count)
        .ok_or_else(|| format_err!("a list that no memory can hold"))?;
    cx.realloc(0, 0, align, length)
}
