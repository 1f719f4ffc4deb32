//! From a guest's memory to CBOR, directed by the guest's type.
//!
//! The layout is the canonical ABI's: <https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md>.

use crate::value::cbor::{self, ARRAY, BYTES, DOUBLE, MAP, NULL_BYTE, SIMPLE, SINGLE, TEXT, UINT};
use crate::value::flags;
use wasmtime::component::__internal::LiftContext;
use wasmtime::component::__internal::wasmtime_environ::component::{
    CanonicalAbiInfo, InterfaceType, VariantInfo,
};
use wasmtime::component::Lift;
use wasmtime::{Result, bail, format_err};

/// The item number `at` of those that lie at `base`.
pub(super) fn item(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    base: usize,
    at: usize,
) -> Result<Vec<u8>> {
    let abi = cx.types.canonical_abi(&ty);
    let bytes = elements(cx, abi, base, at + 1)?;
    let size = abi.size32 as usize;
    let mut out = Vec::new();
    value(cx, ty, &bytes[at * size..], &mut out)?;
    // What is built outside of the guest's memory counts as its own.
    cx.consume_fuel(out.len())?;
    Ok(out)
}

/// The memory of so many values of one type.
fn elements<'a>(
    cx: &LiftContext<'a>,
    abi: &CanonicalAbiInfo,
    base: usize,
    count: usize,
) -> Result<&'a [u8]> {
    if !base.is_multiple_of(abi.align32 as usize) {
        bail!("a list or stream whose address is not aligned");
    }
    let end = (abi.size32 as usize)
        .checked_mul(count)
        .and_then(|length| base.checked_add(length));
    end.and_then(|end| cx.memory().get(base..end))
        .ok_or_else(|| format_err!("a list or stream out of the bounds of memory"))
}

fn value(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    match ty {
        InterfaceType::Bool => {
            let value = bytes[0] != 0;
            out.push(SIMPLE << 5 | if value { cbor::TRUE } else { cbor::FALSE });
        }
        InterfaceType::U8 => cbor::put(out, UINT, bytes[0].into()),
        InterfaceType::S8 => cbor::put_signed(out, i8::from_le_bytes(array(bytes)).into()),
        InterfaceType::U16 => cbor::put(out, UINT, u16::from_le_bytes(array(bytes)).into()),
        InterfaceType::S16 => cbor::put_signed(out, i16::from_le_bytes(array(bytes)).into()),
        InterfaceType::U32 => cbor::put(out, UINT, u32::from_le_bytes(array(bytes)).into()),
        InterfaceType::S32 => cbor::put_signed(out, i32::from_le_bytes(array(bytes)).into()),
        InterfaceType::U64 => cbor::put(out, UINT, u64::from_le_bytes(array(bytes))),
        InterfaceType::S64 => cbor::put_signed(out, i64::from_le_bytes(array(bytes))),
        InterfaceType::Float32 => {
            let number = f32::from_le_bytes(array(bytes));
            // One NaN, as everywhere.
            let number = if number.is_nan() { f32::NAN } else { number };
            out.push(SIMPLE << 5 | SINGLE);
            out.extend_from_slice(&number.to_be_bytes());
        }
        InterfaceType::Float64 => {
            let number = f64::from_le_bytes(array(bytes));
            let number = if number.is_nan() { f64::NAN } else { number };
            out.push(SIMPLE << 5 | DOUBLE);
            out.extend_from_slice(&number.to_be_bytes());
        }
        InterfaceType::Char => {
            let scalar = char::from_u32(u32::from_le_bytes(array(bytes)))
                .ok_or_else(|| format_err!("a char that is no Unicode scalar value"))?;
            cbor::put_slice(out, TEXT, scalar.encode_utf8(&mut [0; 4]).as_bytes());
        }
        InterfaceType::String => {
            // wasmtime's own: it knows the encodings.
            let text = String::linear_lift_from_memory(cx, ty, &bytes[..8])?;
            cbor::put_slice(out, TEXT, text.as_bytes());
        }
        _ => compound(cx, ty, bytes, out)?,
    }
    Ok(())
}

fn compound(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    let types = cx.types.clone();
    match ty {
        InterfaceType::List(list) => {
            let element = types[list].element;
            let (base, count) = pointer_and_length(bytes);
            let bytes = elements(cx, types.canonical_abi(&element), base, count)?;
            list_of(cx, element, count, bytes, out)
        }
        InterfaceType::FixedLengthList(list) => {
            let list = &types[list];
            list_of(cx, list.element, list.size as usize, bytes, out)
        }
        InterfaceType::Map(map) => {
            let map = &types[map];
            let (base, count) = pointer_and_length(bytes);
            let bytes = elements(cx, &map.entry_abi, base, count)?;
            cx.consume_fuel(count)?;
            cbor::put(out, MAP, count as u64);
            for entry in bytes.chunks_exact(map.entry_abi.size32 as usize) {
                value(cx, map.key, entry, out)?;
                value(cx, map.value, &entry[map.value_offset32 as usize..], out)?;
            }
            Ok(())
        }
        InterfaceType::Record(record) => {
            let fields = &types[record].fields;
            fields_of(cx, fields.iter().map(|field| field.ty), bytes, out)
        }
        InterfaceType::Tuple(tuple) => {
            let parts = &types[tuple].types;
            fields_of(cx, parts.iter().copied(), bytes, out)
        }
        InterfaceType::Variant(variant) => {
            let variant = &types[variant];
            let index = discriminant(&variant.info, bytes);
            let case = variant.cases.get_index(index);
            let (_, payload) = case.ok_or_else(|| no_case(index, variant.cases.len()))?;
            case_of(cx, index, *payload, &variant.info, bytes, out)
        }
        InterfaceType::Enum(names) => {
            let names = &types[names];
            let index = discriminant(&names.info, bytes);
            if index >= names.names.len() {
                return Err(no_case(index, names.names.len()));
            }
            cbor::put(out, UINT, index as u64);
            Ok(())
        }
        InterfaceType::Option(option) => {
            let option = &types[option];
            match discriminant(&option.info, bytes) {
                0 => out.push(NULL_BYTE),
                1 => {
                    cbor::put(out, ARRAY, 1);
                    let payload = &bytes[option.info.payload_offset32 as usize..];
                    value(cx, option.ty, payload, out)?;
                }
                index => return Err(no_case(index, 2)),
            }
            Ok(())
        }
        InterfaceType::Result(result) => {
            let result = &types[result];
            let index = discriminant(&result.info, bytes);
            let payload = match index {
                0 => result.ok,
                1 => result.err,
                _ => return Err(no_case(index, 2)),
            };
            case_of(cx, index, payload, &result.info, bytes, out)
        }
        InterfaceType::Flags(names) => {
            let count = types[names].names.len();
            // One byte, two, or as many words of four as it takes: little-endian all of them.
            let is_set = |flag: &usize| bytes[flag / 8] & 1 << (flag % 8) != 0;
            flags::put(out, count, (0..count).filter(is_set));
            Ok(())
        }
        _ => bail!("an item of a stream that holds a resource, a stream or a future"),
    }
}

fn list_of(
    cx: &mut LiftContext<'_>,
    element: InterfaceType,
    count: usize,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    cx.consume_fuel(count)?;
    if element == InterfaceType::U8 {
        cbor::put_slice(out, BYTES, &bytes[..count]);
        return Ok(());
    }
    cbor::put(out, ARRAY, count as u64);
    let size = cx.types.canonical_abi(&element).size32 as usize;
    (0..count).try_for_each(|at| value(cx, element, &bytes[at * size..], out))
}

/// The fields of a record or tuple, each where its alignment puts it.
fn fields_of(
    cx: &mut LiftContext<'_>,
    fields: impl ExactSizeIterator<Item = InterfaceType>,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    cbor::put(out, ARRAY, fields.len() as u64);
    let mut end = 0;
    for ty in fields {
        let at = cx.types.canonical_abi(&ty).next_field32_size(&mut end);
        value(cx, ty, &bytes[at..], out)?;
    }
    Ok(())
}

/// `[index]` or `[index, payload]`.
fn case_of(
    cx: &mut LiftContext<'_>,
    index: usize,
    payload: Option<InterfaceType>,
    info: &VariantInfo,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    cbor::put(out, ARRAY, if payload.is_some() { 2 } else { 1 });
    cbor::put(out, UINT, index as u64);
    match payload {
        Some(ty) => value(cx, ty, &bytes[info.payload_offset32 as usize..], out),
        None => Ok(()),
    }
}

fn discriminant(info: &VariantInfo, bytes: &[u8]) -> usize {
    match u32::from(info.size) {
        1 => bytes[0].into(),
        2 => u16::from_le_bytes(array(bytes)).into(),
        _ => u32::from_le_bytes(array(bytes)) as usize,
    }
}

#[cold]
fn no_case(index: usize, count: usize) -> wasmtime::Error {
    format_err!("a case with number {index} of a type that has {count}")
}

fn pointer_and_length(bytes: &[u8]) -> (usize, usize) {
    let number = |bytes| u32::from_le_bytes(array(bytes)) as usize;
    (number(bytes), number(&bytes[4..]))
}

/// The first bytes. The caller has as many as its type takes.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    array
}
