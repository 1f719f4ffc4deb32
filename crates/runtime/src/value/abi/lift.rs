//! From a guest's memory to CBOR.

use super::{cases, is_number, no_data, parts, payload};
use crate::value::cbor::{self, ARRAY, BYTES, DOUBLE, MAP, NULL_BYTE, SIMPLE, SINGLE, TEXT, UINT};
use crate::value::flags;
use crate::value::numbers::Numbers;
use wasmtime::component::__internal::LiftContext;
use wasmtime::component::__internal::wasmtime_environ::component::{
    CanonicalAbiInfo, InterfaceType, StringEncoding, VariantInfo,
};
use wasmtime::component::Lift;
use wasmtime::{Result, bail, format_err};

/// So many numbers are written before they are paid for.
const RUN: usize = 4096;

/// CBOR that is made of what a guest has in its memory. A guest pays for it: one byte is one unit of what its store
/// may hand to the host (`Store::set_hostcall_fuel`), however often the same memory is read.
pub(in crate::value) struct Lifted<'c, 'a> {
    pub(super) cx: &'c mut LiftContext<'a>,
    pub(super) out: Vec<u8>,
    /// What of `out` is paid for.
    paid: usize,
}

impl<'c, 'a> Lifted<'c, 'a> {
    pub(in crate::value) fn new(cx: &'c mut LiftContext<'a>) -> Self {
        Self {
            cx,
            out: Vec::new(),
            paid: 0,
        }
    }

    /// The CBOR, paid for.
    pub(in crate::value) fn finish(mut self) -> Result<Vec<u8>> {
        self.pay()?;
        Ok(self.out)
    }

    fn pay(&mut self) -> Result<()> {
        let owed = self.out.len().saturating_sub(self.paid);
        self.paid += owed;
        self.cx.consume_fuel(owed)
    }

    /// Pays before so much is written.
    fn pay_ahead(&mut self, count: usize) -> Result<()> {
        self.paid += count;
        self.cx.consume_fuel(count)
    }

    /// The item number `at` of those that lie at `base`.
    pub(in crate::value) fn item(
        &mut self,
        ty: InterfaceType,
        base: usize,
        at: usize,
    ) -> Result<()> {
        let abi = self.cx.types.canonical_abi(&ty);
        let bytes = elements(self.cx, abi, base, at + 1, "stream")?;
        self.value(ty, &bytes[at * abi.size32 as usize..])
    }

    /// The value at the front of these bytes, which are as many at least as its type takes.
    pub(super) fn value(&mut self, ty: InterfaceType, bytes: &[u8]) -> Result<()> {
        let types = self.cx.types;
        match ty {
            InterfaceType::String => return self.string(bytes),
            InterfaceType::List(_) | InterfaceType::Map(_) => return self.list(ty, bytes),
            InterfaceType::FixedLengthList(list) if is_number(types[list].element) => {
                let list = &types[list];
                return self.numbers(list.element, list.size as usize, bytes);
            }
            InterfaceType::Flags(names) => {
                // One byte, two, or as many words of four as it takes: little-endian all of them.
                flags::put_bytes(&mut self.out, types[names].names.len(), bytes);
                return Ok(());
            }
            _ if is_number(ty) => {
                let bits = number_of(bytes, types.canonical_abi(&ty).size32);
                return number(ty, bits, &mut self.out);
            }
            _ => {}
        }
        if let Some(parts) = parts(types, ty) {
            cbor::put(&mut self.out, ARRAY, parts.len() as u64);
            let mut end = 0;
            for ty in parts {
                let at = types.canonical_abi(&ty).next_field32_size(&mut end);
                self.value(ty, &bytes[at..])?;
                // A list of a fixed length may have many, each of which is more here than there.
                if self.out.len().saturating_sub(self.paid) > RUN {
                    self.pay()?;
                }
            }
            return Ok(());
        }
        let info = cases(types, ty).ok_or_else(no_data)?;
        match self.case(ty, discriminant(info, bytes))? {
            Some(ty) => self.value(ty, &bytes[info.payload_offset32 as usize..]),
            None => Ok(()),
        }
    }

    /// Begins a value that is one of several cases. What must follow is its payload, of this type.
    pub(super) fn case(
        &mut self,
        ty: InterfaceType,
        index: usize,
    ) -> Result<Option<InterfaceType>> {
        let payload = payload(self.cx.types, ty, index)?;
        let out = &mut self.out;
        match (ty, payload) {
            (InterfaceType::Enum(_), _) => cbor::put(out, UINT, index as u64),
            (InterfaceType::Option(_), None) => out.push(NULL_BYTE),
            (InterfaceType::Option(_), Some(_)) => cbor::put(out, ARRAY, 1),
            _ => {
                cbor::put(out, ARRAY, if payload.is_some() { 2 } else { 1 });
                cbor::put(out, UINT, index as u64);
            }
        }
        Ok(payload)
    }

    fn string(&mut self, bytes: &[u8]) -> Result<()> {
        if self.cx.options().string_encoding != StringEncoding::Utf8 {
            // wasmtime's own, which knows the other encodings. What it makes it charges, too.
            let text =
                String::linear_lift_from_memory(self.cx, InterfaceType::String, &bytes[..8])?;
            cbor::put_slice(&mut self.out, TEXT, text.as_bytes());
            return Ok(());
        }
        let (base, length) = pointer_and_length(bytes);
        let memory = self.cx.memory();
        let text = (base.checked_add(length)).and_then(|end| memory.get(base..end));
        let text =
            text.ok_or_else(|| format_err!("string pointer/length out of bounds of memory"))?;
        self.pay_ahead(length)?;
        cbor::put_slice(&mut self.out, TEXT, std::str::from_utf8(text)?.as_bytes());
        Ok(())
    }

    /// The elements of a list or the entries of a map, which lie behind a pointer.
    fn list(&mut self, ty: InterfaceType, bytes: &[u8]) -> Result<()> {
        let types = self.cx.types;
        let (base, count) = pointer_and_length(bytes);
        match ty {
            InterfaceType::List(list) => {
                let element = types[list].element;
                let abi = types.canonical_abi(&element);
                let bytes = elements(self.cx, abi, base, count, "list")?;
                if is_number(element) {
                    return self.numbers(element, count, bytes);
                }
                cbor::put(&mut self.out, ARRAY, count as u64);
                let size = abi.size32 as usize;
                for at in 0..count {
                    self.value(element, &bytes[at * size..])?;
                    self.pay()?;
                }
                Ok(())
            }
            InterfaceType::Map(map) => {
                let map = &types[map];
                let bytes = elements(self.cx, &map.entry_abi, base, count, "map")?;
                cbor::put(&mut self.out, MAP, count as u64);
                let size = map.entry_abi.size32 as usize;
                for at in 0..count {
                    let entry = &bytes[at * size..];
                    self.value(map.key, entry)?;
                    self.value(map.value, &entry[map.value_offset32 as usize..])?;
                    self.pay()?;
                }
                Ok(())
            }
            _ => Err(no_data()),
        }
    }

    /// A list of numbers, all of which are at the front of these bytes.
    fn numbers(&mut self, element: InterfaceType, count: usize, bytes: &[u8]) -> Result<()> {
        if let Some(numbers) = Numbers::of_guest(element) {
            let bytes = &bytes[..count * numbers.width];
            self.pay_ahead(bytes.len())?;
            cbor::put_slice(&mut self.out, BYTES, bytes);
            let start = self.out.len() - bytes.len();
            numbers.one_nan(&mut self.out[start..]);
            return Ok(());
        }
        cbor::put(&mut self.out, ARRAY, count as u64);
        let size = self.cx.types.canonical_abi(&element).size32;
        for run in bytes[..count * size as usize].chunks(RUN * size as usize) {
            self.out.reserve(run.len());
            for bytes in run.chunks_exact(size as usize) {
                number(element, number_of(bytes, size), &mut self.out)?;
            }
            self.pay()?;
        }
        Ok(())
    }
}

/// The memory of so many values of one type.
fn elements<'a>(
    cx: &LiftContext<'a>,
    abi: &CanonicalAbiInfo,
    base: usize,
    count: usize,
    what: &str,
) -> Result<&'a [u8]> {
    let end = (abi.size32 as usize)
        .checked_mul(count)
        .and_then(|length| base.checked_add(length));
    let bytes = end.and_then(|end| cx.memory().get(base..end));
    let bytes =
        bytes.ok_or_else(|| format_err!("{what} pointer/length out of bounds of memory"))?;
    if !base.is_multiple_of(abi.align32 as usize) {
        bail!("{what} pointer is not aligned");
    }
    Ok(bytes)
}

/// Writes a number from its bits, in front of which there may be others: on a guest's stack a small one has the place of
/// a larger.
pub(super) fn number(ty: InterfaceType, bits: u64, out: &mut Vec<u8>) -> Result<()> {
    match ty {
        // On the stack all 32 bits count; in memory there are eight, and the others are zeros here.
        InterfaceType::Bool => {
            let value = if bits as u32 != 0 {
                cbor::TRUE
            } else {
                cbor::FALSE
            };
            out.push(SIMPLE << 5 | value);
        }
        InterfaceType::U8 => cbor::put(out, UINT, (bits as u8).into()),
        InterfaceType::S8 => cbor::put_signed(out, (bits as i8).into()),
        InterfaceType::U16 => cbor::put(out, UINT, (bits as u16).into()),
        InterfaceType::S16 => cbor::put_signed(out, (bits as i16).into()),
        InterfaceType::U32 => cbor::put(out, UINT, (bits as u32).into()),
        InterfaceType::S32 => cbor::put_signed(out, (bits as i32).into()),
        InterfaceType::U64 => cbor::put(out, UINT, bits),
        InterfaceType::S64 => cbor::put_signed(out, bits.cast_signed()),
        InterfaceType::Float32 => {
            let number = f32::from_bits(bits as u32);
            // One NaN, as everywhere.
            let number = if number.is_nan() { f32::NAN } else { number };
            out.push(SIMPLE << 5 | SINGLE);
            out.extend_from_slice(&number.to_be_bytes());
        }
        InterfaceType::Float64 => {
            let number = f64::from_bits(bits);
            let number = if number.is_nan() { f64::NAN } else { number };
            out.push(SIMPLE << 5 | DOUBLE);
            out.extend_from_slice(&number.to_be_bytes());
        }
        InterfaceType::Char => {
            let scalar = char::try_from(bits as u32)?;
            cbor::put_slice(out, TEXT, scalar.encode_utf8(&mut [0; 4]).as_bytes());
        }
        _ => return Err(no_data()),
    }
    Ok(())
}

/// A little-endian number of so many bytes, with zeros in front.
fn number_of(bytes: &[u8], size: u32) -> u64 {
    match size {
        1 => bytes[0].into(),
        2 => u16::from_le_bytes(array(bytes)).into(),
        4 => u32::from_le_bytes(array(bytes)).into(),
        _ => u64::from_le_bytes(array(bytes)),
    }
}

fn discriminant(info: &VariantInfo, bytes: &[u8]) -> usize {
    // At most 32 bits.
    number_of(bytes, info.size.into()) as usize
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
