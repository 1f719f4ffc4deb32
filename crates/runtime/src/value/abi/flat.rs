//! Parameters and results that are no place in memory but core values: a guest's function has up to sixteen of these for
//! its arguments and one for its result. What is longer lies in memory, and the one value says where.

use super::input::{self, Counted};
use super::lift::{self, Lifted};
use super::{is_number, lower, no_data, parts};
use crate::value::cbor::{self, ARRAY, BYTES, Reader};
use crate::value::flags;
use crate::value::numbers::Numbers;
use std::mem::MaybeUninit;
use std::slice::IterMut;
use wasmtime::component::__internal::wasmtime_environ::component::{
    InterfaceType, MAX_FLAT_PARAMS,
};
use wasmtime::component::__internal::{ComponentTypes, LiftContext, LowerContext};
use wasmtime::component::Lower;
use wasmtime::{Result, ValRaw, bail, format_err};

/// The core values of a call. A function may take fewer than there is room for.
pub(in crate::value) type Params = [ValRaw; MAX_FLAT_PARAMS];

/// Puts the arguments of a call, an array of CBOR, where the function expects them. `ty` is a tuple of its parameters.
pub(in crate::value) fn arguments<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    arguments: &[u8],
    values: &mut Params,
) -> Result<()> {
    let mut input = Reader { rest: arguments };
    let abi = cx.types.canonical_abi(&ty);
    if abi.flat_count(MAX_FLAT_PARAMS).is_some() {
        value(cx, ty, &mut input, &mut values.iter_mut())?;
    } else {
        let base = cx.realloc(0, 0, abi.align32, abi.size32 as usize)?;
        lower::value(cx, ty, &mut input, base)?;
        values[0] = ValRaw::u64(base as u64);
    }
    input::finish(&input)
}

/// The result of a call as an array of one or none. `ty` is a tuple of its results.
pub(in crate::value) fn results(
    cx: &mut LiftContext<'_>,
    ty: InterfaceType,
    result: ValRaw,
) -> Result<Vec<u8>> {
    let abi = cx.types.canonical_abi(&ty);
    let mut lifted = Lifted::new(cx);
    if abi.flat_count(1).is_some() {
        lifted.only(ty, result)?;
        return lifted.finish();
    }
    let base = result.get_u32() as usize;
    if !base.is_multiple_of(abi.align32 as usize) {
        bail!("return pointer not aligned");
    }
    let end = base.checked_add(abi.size32 as usize);
    let bytes = end.and_then(|end| lifted.cx.memory().get(base..end));
    let bytes = bytes.ok_or_else(|| format_err!("pointer out of bounds of memory"))?;
    lifted.value(ty, bytes)?;
    lifted.finish()
}

fn value<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    input: &mut Reader<'_>,
    values: &mut IterMut<'_, ValRaw>,
) -> Result<()> {
    let types = cx.types;
    match ty {
        _ if is_number(ty) => {
            // What a variant has at a place may be of several core types. Whichever it is, its bits are the lowest.
            *next(values)? = ValRaw::u64(input::number(ty, input)?);
        }
        InterfaceType::String => {
            let mut both = MaybeUninit::uninit();
            input::text(input)?.linear_lower_to_flat(cx, ty, &mut both)?;
            // SAFETY: `Lower` promises that all is written where it returns no error.
            let [base, length] = unsafe { both.assume_init() };
            *next(values)? = base;
            *next(values)? = length;
        }
        InterfaceType::List(_) | InterfaceType::Map(_) => {
            let (base, count) = lower::list(cx, ty, input)?;
            *next(values)? = ValRaw::u64(base as u64);
            *next(values)? = ValRaw::u64(count as u64);
        }
        InterfaceType::FixedLengthList(list)
            if let Some(numbers) = Numbers::of_guest(types[list].element) =>
        {
            let count = input::count(Counted::List(types[list].element), input)?;
            if count != types[list].size as usize {
                bail!("a list of another length");
            }
            let bytes = input::bytes(count * numbers.width, input)?;
            for number in bytes.chunks_exact(numbers.width) {
                *next(values)? = ValRaw::u64(numbers.core(number));
            }
        }
        InterfaceType::Flags(names) => {
            let set = input::flags(types[names].names.len(), input)?;
            for word in 0..count(types, ty)? {
                let bytes = std::array::from_fn(|at| set.byte(word * 4 + at));
                *next(values)? = ValRaw::u32(u32::from_le_bytes(bytes));
            }
        }
        _ => match parts(types, ty) {
            Some(mut parts) => {
                input::parts(parts.len(), input)?;
                parts.try_for_each(|ty| value(cx, ty, input, values))?;
            }
            None => {
                let (index, payload) = input::case(types, ty, input)?;
                *next(values)? = ValRaw::u64(index as u64);
                let mut used = 1;
                if let Some(payload) = payload {
                    value(cx, payload, input, values)?;
                    used += count(types, payload)?;
                }
                // All cases have the same places. Those that this one does not need are zero.
                for _ in used..count(types, ty)? {
                    *next(values)? = ValRaw::u64(0);
                }
            }
        },
    }
    Ok(())
}

impl Lifted<'_, '_> {
    /// A value that is one core value, or none.
    fn only(&mut self, ty: InterfaceType, core: ValRaw) -> Result<()> {
        let types = self.cx.types;
        match ty {
            _ if is_number(ty) => {
                // A function that returns 32 bits writes no others.
                let bits = match types.canonical_abi(&ty).size32 {
                    8 => core.get_u64(),
                    _ => core.get_u32().into(),
                };
                lift::number(ty, bits, &mut self.out)?;
            }
            InterfaceType::Flags(names) => {
                let bytes = core.get_u32().to_le_bytes();
                flags::put_bytes(&mut self.out, types[names].names.len(), &bytes);
            }
            InterfaceType::FixedLengthList(list)
                if let Some(numbers) = Numbers::of_guest(types[list].element) =>
            {
                let bits = match numbers.width {
                    8 => core.get_u64(),
                    _ => core.get_u32().into(),
                };
                let mut number = bits.to_le_bytes();
                let number = &mut number[..numbers.width];
                numbers.one_nan(number);
                cbor::put_slice(&mut self.out, BYTES, number);
            }
            _ => match parts(types, ty) {
                Some(mut parts) => {
                    cbor::put(&mut self.out, ARRAY, parts.len() as u64);
                    parts.try_for_each(|ty| self.only(ty, core))?;
                }
                None => {
                    // A payload would be a core value of its own.
                    if self.case(ty, core.get_u32() as usize)?.is_some() {
                        return Err(no_data());
                    }
                }
            },
        }
        Ok(())
    }
}

/// How many core values a type takes.
fn count(types: &ComponentTypes, ty: InterfaceType) -> Result<usize> {
    let count = types.canonical_abi(&ty).flat_count(MAX_FLAT_PARAMS);
    count.ok_or_else(too_many)
}

fn next<'a>(values: &mut IterMut<'a, ValRaw>) -> Result<&'a mut ValRaw> {
    values.next().ok_or_else(too_many)
}

/// That the type takes no more was asked before.
#[cold]
fn too_many() -> wasmtime::Error {
    format_err!("more core values than a function takes")
}
