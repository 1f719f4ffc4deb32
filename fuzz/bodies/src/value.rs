//! The CBOR of a value, by its type.

use crate::types::numbered;
use runtime::value::{Limits, ValueError, decode, describe, encode, finish};
use std::mem::size_of;
use wasmtime::component::{Type, Val};

/// How much memory a value may take, in bytes: the second byte chooses.
pub const ALLOWANCES: [usize; 4] = [4 << 20, 64, 1 << 10, 16 << 10];

/// Decodes a value of the type that the first byte names, within the allowance that the second one names: what is
/// decoded is within it and encodes to canonical bytes, which mean the same; an error takes nothing.
pub fn value(data: &[u8]) {
    let [number, allowance, bytes @ ..] = data else {
        return;
    };
    let ty = numbered(*number);
    let limits = Limits {
        memory: ALLOWANCES[usize::from(*allowance) % ALLOWANCES.len()],
    };
    let whole = Limits {
        memory: ALLOWANCES[0],
    };
    match (read(ty, bytes, limits), read(ty, bytes, whole)) {
        (Ok((val, rest)), unlimited) => {
            let weight = weight(&val);
            assert!(weight <= limits.memory, "{weight} of {}", limits.memory);
            check(ty, &val);
            assert_eq!(finish(rest).is_ok(), rest.is_empty());
            assert_eq!(unlimited, Ok((val, rest)));
        }
        (Err(ValueError::TooLarge { limit, .. }), unlimited) => {
            assert_eq!(limit, limits.memory);
            // It would have come to this, or to another error behind it.
            if let Ok((val, _)) = unlimited {
                assert!(weight(&val) > limits.memory);
                check(ty, &val);
            }
        }
        (Err(error), unlimited) => {
            assert!(error.to_string().len() < 4000, "a long error: {error}");
            assert_eq!(unlimited, Err(error));
        }
    }
}

fn read<'a>(ty: &Type, bytes: &'a [u8], limits: Limits) -> Result<(Val, &'a [u8]), ValueError> {
    let mut rest = bytes;
    let read = limits.decode(ty, &mut rest);
    match read {
        Ok(val) => Ok((val, rest)),
        Err(error) => {
            assert_eq!(rest, bytes, "an error takes nothing");
            Err(error)
        }
    }
}

/// What was decoded can be encoded, always to the same bytes, which decode to it.
fn check(ty: &Type, val: &Val) {
    let mut canonical = Vec::new();
    encode(ty, val, &mut canonical)
        .unwrap_or_else(|error| panic!("{}: {val:?}: {error}", describe(ty)));
    let mut input = canonical.as_slice();
    let again = decode(ty, &mut input);
    assert_eq!(again.as_ref(), Ok(val), "{canonical:02x?}");
    assert_eq!(finish(input), Ok(()), "{canonical:02x?}");
    let mut second = Vec::new();
    encode(ty, val, &mut second).expect("it was encoded before");
    assert_eq!(second, canonical);
}

/// Bytes of memory that a value takes beside its own place, counted without the decoder's help.
fn weight(val: &Val) -> usize {
    let boxed =
        |val: &Option<Box<Val>>| val.as_ref().map_or(0, |val| size_of::<Val>() + weight(val));
    match val {
        Val::String(text) | Val::Enum(text) => text.len(),
        Val::List(items) | Val::FixedLengthList(items) | Val::Tuple(items) => items
            .iter()
            .map(|item| size_of::<Val>() + weight(item))
            .sum(),
        Val::Record(fields) => fields
            .iter()
            .map(|(name, val)| size_of::<(String, Val)>() + name.len() + weight(val))
            .sum(),
        Val::Map(entries) => entries
            .iter()
            .map(|(key, val)| size_of::<(Val, Val)>() + weight(key) + weight(val))
            .sum(),
        Val::Variant(name, payload) => name.len() + boxed(payload),
        Val::Option(payload) | Val::Result(Ok(payload) | Err(payload)) => boxed(payload),
        Val::Flags(names) => names
            .iter()
            .map(|name| size_of::<String>() + name.len())
            .sum(),
        _ => 0,
    }
}
