//! From a `Val` to CBOR, directed by its type.

use std::ops::{Deref, DerefMut};
use wasmtime::component::{Type, Val};

use super::cbor::{self, ARRAY, BYTES, DOUBLE, MAP, NULL_BYTE, SIMPLE, SINGLE, TEXT, UINT};
use super::error::{At, Fault, Unplaced, ValueError};
use super::handles::{Handles, NoHandles};
use super::numbers::Numbers;
use super::support::is_handle;
use super::{MAX_DEPTH, describe, flags, numbers};

/// Where a value is written to.
struct Out<'a> {
    bytes: &'a mut Vec<u8>,
    handles: &'a mut dyn Handles,
}

impl Deref for Out<'_> {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        self.bytes
    }
}

impl DerefMut for Out<'_> {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        self.bytes
    }
}

/// Appends a value to `out`. On an error `out` is as it was.
pub fn encode(ty: &Type, val: &Val, out: &mut Vec<u8>) -> Result<(), ValueError> {
    let start = out.len();
    let mut to = Out {
        bytes: &mut *out,
        handles: &mut NoHandles,
    };
    put(ty, val, &mut to, 0)
        .in_value("value")
        .inspect_err(|_| out.truncate(start))
}

/// Appends a list of values, as an array: the arguments of a call with the names of its parameters, or its
/// results. On an error `out` is as it was.
pub fn encode_all<N: AsRef<str>>(
    slots: &[(N, Type)],
    vals: &[Val],
    out: &mut Vec<u8>,
) -> Result<(), ValueError> {
    encode_all_with(slots, vals, out, &mut NoHandles)
}

/// The same of values among which there may be handles.
pub fn encode_all_with<N: AsRef<str>>(
    slots: &[(N, Type)],
    vals: &[Val],
    out: &mut Vec<u8>,
    handles: &mut dyn Handles,
) -> Result<(), ValueError> {
    if slots.len() != vals.len() {
        return Err(Unplaced::mismatch(
            format!("{} values", slots.len()),
            format!("{} values", vals.len()),
        ))
        .in_value("value");
    }
    let start = out.len();
    cbor::put(out, ARRAY, vals.len() as u64);
    let mut to = Out {
        bytes: &mut *out,
        handles,
    };
    let mut slots = slots.iter().zip(vals);
    slots
        .try_for_each(|((name, ty), val)| put(ty, val, &mut to, 0).in_value(name.as_ref()))
        .inspect_err(|_| out.truncate(start))
}

/// So many encoded values as an array: a piece of a stream.
pub fn array_of(count: usize, values: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.len() + 9);
    cbor::put(&mut out, ARRAY, count as u64);
    out.extend_from_slice(values);
    out
}

fn put(ty: &Type, val: &Val, out: &mut Out<'_>, depth: usize) -> Result<(), Fault> {
    if depth > MAX_DEPTH {
        return Err(Unplaced::too_deep());
    }
    match (ty, val) {
        (Type::Bool, Val::Bool(value)) => {
            out.push(SIMPLE << 5 | if *value { cbor::TRUE } else { cbor::FALSE });
        }
        (Type::S8, Val::S8(number)) => cbor::put_signed(out, i64::from(*number)),
        (Type::S16, Val::S16(number)) => cbor::put_signed(out, i64::from(*number)),
        (Type::S32, Val::S32(number)) => cbor::put_signed(out, i64::from(*number)),
        (Type::S64, Val::S64(number)) => cbor::put_signed(out, *number),
        (Type::U8, Val::U8(number)) => cbor::put(out, UINT, u64::from(*number)),
        (Type::U16, Val::U16(number)) => cbor::put(out, UINT, u64::from(*number)),
        (Type::U32, Val::U32(number)) => cbor::put(out, UINT, u64::from(*number)),
        (Type::U64, Val::U64(number)) => cbor::put(out, UINT, *number),
        (Type::Float32, Val::Float32(number)) => {
            // One NaN: its payload would let a value differ from itself between two hosts.
            let number = if number.is_nan() { f32::NAN } else { *number };
            out.push(SIMPLE << 5 | SINGLE);
            out.extend_from_slice(&number.to_be_bytes());
        }
        (Type::Float64, Val::Float64(number)) => {
            let number = if number.is_nan() { f64::NAN } else { *number };
            out.push(SIMPLE << 5 | DOUBLE);
            out.extend_from_slice(&number.to_be_bytes());
        }
        (Type::Char, Val::Char(scalar)) => {
            cbor::put_slice(out, TEXT, scalar.encode_utf8(&mut [0; 4]).as_bytes());
        }
        (Type::String, Val::String(text)) => cbor::put_slice(out, TEXT, text.as_bytes()),
        _ => return compound(ty, val, out, depth),
    }
    Ok(())
}

/// A value that is made of several others.
fn compound(ty: &Type, val: &Val, out: &mut Out<'_>, depth: usize) -> Result<(), Fault> {
    match (ty, val) {
        (Type::List(list), Val::List(items)) => elements(&list.ty(), items, out, depth),
        (Type::FixedLengthList(list), Val::FixedLengthList(items))
            if items.len() == list.len() as usize =>
        {
            elements(&list.ty(), items, out, depth)
        }
        (Type::Tuple(tuple), Val::Tuple(items)) if tuple.types().len() == items.len() => {
            cbor::put(out, ARRAY, items.len() as u64);
            tuple
                .types()
                .zip(items)
                .enumerate()
                .try_for_each(|(at, (ty, item))| put(&ty, item, out, depth + 1).at_index(at))
        }
        (Type::Record(record), Val::Record(fields)) if record.fields().len() == fields.len() => {
            cbor::put(out, ARRAY, fields.len() as u64);
            record
                .fields()
                .zip(fields)
                .try_for_each(|(field, (name, value))| {
                    if field.name != name {
                        return Err(Unplaced::mismatch(
                            format!("the field `{}`", field.name),
                            format!("the field `{name}`"),
                        ));
                    }
                    put(&field.ty, value, out, depth + 1).at_name(name)
                })
        }
        (Type::Map(map), Val::Map(entries)) => {
            cbor::put(out, MAP, entries.len() as u64);
            let (key_type, value_type) = (map.key(), map.value());
            entries
                .iter()
                .enumerate()
                .try_for_each(|(at, (key, value))| {
                    put(&key_type, key, out, depth + 1).at_key(at)?;
                    put(&value_type, value, out, depth + 1).at_index(at)
                })
        }
        _ => choice(ty, val, out, depth),
    }
}

/// A value that is one of several, or some of them.
fn choice(ty: &Type, val: &Val, out: &mut Out<'_>, depth: usize) -> Result<(), Fault> {
    match (ty, val) {
        (Type::Variant(variant), Val::Variant(name, payload)) => {
            let mut cases = variant.cases().enumerate();
            let Some((index, case)) = cases.find(|(_, case)| case.name == name) else {
                return mismatch(ty, val);
            };
            case_of(
                index,
                name,
                case.ty.as_ref(),
                payload.as_deref(),
                out,
                depth,
            )
        }
        (Type::Enum(names), Val::Enum(name)) => {
            let Some(index) = names.names().position(|known| known == name) else {
                return mismatch(ty, val);
            };
            cbor::put(out, UINT, index as u64);
            Ok(())
        }
        (Type::Option(_), Val::Option(None)) => {
            out.push(NULL_BYTE);
            Ok(())
        }
        (Type::Option(option), Val::Option(Some(value))) => {
            cbor::put(out, ARRAY, 1);
            put(&option.ty(), value, out, depth + 1)
        }
        (Type::Result(result), Val::Result(Ok(payload))) => case_of(
            0,
            "ok",
            result.ok().as_ref(),
            payload.as_deref(),
            out,
            depth,
        ),
        (Type::Result(result), Val::Result(Err(payload))) => case_of(
            1,
            "err",
            result.err().as_ref(),
            payload.as_deref(),
            out,
            depth,
        ),
        (Type::Flags(known), Val::Flags(set)) => {
            let mut positions = Vec::with_capacity(set.len());
            for name in set {
                match known.names().position(|known| known == name) {
                    Some(position) => positions.push(position),
                    None => return mismatch(ty, val),
                }
            }
            flags::put(out, known.names().len(), positions.into_iter());
            Ok(())
        }
        _ if is_handle(ty) => {
            let number = out.handles.number(ty, val)?;
            cbor::put(out, UINT, number);
            Ok(())
        }
        _ => mismatch(ty, val),
    }
}

/// The elements of a list of either kind. Numbers are a byte string, never an array.
fn elements(ty: &Type, items: &[Val], out: &mut Out<'_>, depth: usize) -> Result<(), Fault> {
    if let Some(Numbers { width, .. }) = Numbers::of(ty) {
        let length = items.len() * width;
        out.reserve(length + 9);
        cbor::put(out, BYTES, length as u64);
        for (at, item) in items.iter().enumerate() {
            if !numbers::put(ty, item, out) {
                return mismatch(ty, item).at_index(at);
            }
        }
        return Ok(());
    }
    cbor::put(out, ARRAY, items.len() as u64);
    items
        .iter()
        .enumerate()
        .try_for_each(|(at, item)| put(ty, item, out, depth + 1).at_index(at))
}

/// `[index]` or `[index, payload]`: a case of a variant or result.
fn case_of(
    index: usize,
    name: &str,
    ty: Option<&Type>,
    payload: Option<&Val>,
    out: &mut Out<'_>,
    depth: usize,
) -> Result<(), Fault> {
    match (ty, payload) {
        (Some(ty), Some(payload)) => {
            cbor::put(out, ARRAY, 2);
            cbor::put(out, UINT, index as u64);
            put(ty, payload, out, depth + 1).at_name(name)
        }
        (None, None) => {
            cbor::put(out, ARRAY, 1);
            cbor::put(out, UINT, index as u64);
            Ok(())
        }
        (Some(ty), None) => Err(Unplaced::mismatch(describe(ty), "no payload")).at_name(name),
        (None, Some(_)) => Err(Unplaced::mismatch("no payload", "a payload")).at_name(name),
    }
}

/// The value is not of the type, or the type is one whose values cannot travel.
#[cold]
fn mismatch(ty: &Type, val: &Val) -> Result<(), Fault> {
    if matches!(ty, Type::ErrorContext) {
        return Err(Unplaced::unsupported(describe(ty)));
    }
    let found = match val {
        Val::Bool(_) => "a bool".into(),
        Val::S8(number) => format!("the s8 {number}"),
        Val::S16(number) => format!("the s16 {number}"),
        Val::S32(number) => format!("the s32 {number}"),
        Val::S64(number) => format!("the s64 {number}"),
        Val::U8(number) => format!("the u8 {number}"),
        Val::U16(number) => format!("the u16 {number}"),
        Val::U32(number) => format!("the u32 {number}"),
        Val::U64(number) => format!("the u64 {number}"),
        Val::Float32(number) => format!("the f32 {number}"),
        Val::Float64(number) => format!("the f64 {number}"),
        Val::Char(scalar) => format!("the char {scalar:?}"),
        Val::String(_) => "a string".into(),
        Val::List(items) => format!("a list of {} elements", items.len()),
        Val::FixedLengthList(items) => format!("a fixed-length list of {}", items.len()),
        Val::Map(entries) => format!("a map of {} entries", entries.len()),
        Val::Record(fields) => format!("a record of {} fields", fields.len()),
        Val::Tuple(items) => format!("a tuple of {} elements", items.len()),
        Val::Variant(name, _) => format!("the case `{name}`"),
        Val::Enum(name) => format!("the enum case `{name}`"),
        Val::Option(_) => "an option".into(),
        Val::Result(_) => "a result".into(),
        Val::Flags(names) => format!("the flags {{{}}}", names.join(", ")),
        Val::Resource(_) => "a resource".into(),
        Val::Future(_) => "a future".into(),
        Val::Stream(_) => "a stream".into(),
        Val::ErrorContext(_) => "an error context".into(),
    };
    Err(Unplaced::mismatch(describe(ty), found))
}
