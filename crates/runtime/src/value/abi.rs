//! Values between CBOR and a guest's memory, with nothing in between, directed by the guest's type.
//!
//! The layout is the canonical ABI's: <https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md>.
//! wasmtime has it for Rust types that are known when the host is compiled, and for its `Val`, of which each takes 40 bytes; here
//! it is for CBOR. What the guest says (addresses, lengths, cases) is checked as wasmtime checks it, with the same words.
//!
//! Handles do not come this way: neither resources nor streams nor futures.
//!
//! | file | what |
//! |---|---|
//! | `input` | the parts of values as CBOR, which come from another machine and may be anything |
//! | `lower` | from CBOR into memory |
//! | `lift` | from memory to CBOR |
//! | `flat` | parameters and results that are no place in memory but core values |
//!
//! Its users are `super::call` and `super::item`.

pub(super) mod flat;
mod input;
pub(super) mod lift;
pub(super) mod lower;

use wasmtime::component::__internal::ComponentTypes;
use wasmtime::component::__internal::wasmtime_environ::component::{InterfaceType, VariantInfo};
use wasmtime::{Result, format_err};

/// Whether a value of this type is one number of a fixed size.
fn is_number(ty: InterfaceType) -> bool {
    use InterfaceType as T;
    matches!(
        ty,
        T::Bool
            | T::S8
            | T::U8
            | T::S16
            | T::U16
            | T::S32
            | T::U32
            | T::S64
            | T::U64
            | T::Float32
            | T::Float64
            | T::Char
    )
}

/// The types of what lies side by side in a value: the fields of a record, the parts of a tuple, the elements of a
/// list whose length is fixed. None for any other type.
fn parts(
    types: &ComponentTypes,
    ty: InterfaceType,
) -> Option<impl ExactSizeIterator<Item = InterfaceType>> {
    let count = match ty {
        InterfaceType::Record(record) => types[record].fields.len(),
        InterfaceType::Tuple(tuple) => types[tuple].types.len(),
        InterfaceType::FixedLengthList(list) => types[list].size as usize,
        _ => return None,
    };
    Some((0..count).map(move |at| match ty {
        InterfaceType::Record(record) => types[record].fields[at].ty,
        InterfaceType::Tuple(tuple) => types[tuple].types[at],
        InterfaceType::FixedLengthList(list) => types[list].element,
        _ => ty,
    }))
}

/// How a value that is one of several cases lies in memory. None for any other type.
fn cases(types: &ComponentTypes, ty: InterfaceType) -> Option<&VariantInfo> {
    match ty {
        InterfaceType::Variant(variant) => Some(&types[variant].info),
        InterfaceType::Enum(names) => Some(&types[names].info),
        InterfaceType::Option(option) => Some(&types[option].info),
        InterfaceType::Result(result) => Some(&types[result].info),
        _ => None,
    }
}

/// The payload of the case with this number, if it has one.
fn payload(
    types: &ComponentTypes,
    ty: InterfaceType,
    index: usize,
) -> Result<Option<InterfaceType>> {
    let (case, count) = match ty {
        InterfaceType::Variant(variant) => {
            let cases = &types[variant].cases;
            (
                cases.get_index(index).map(|(_, payload)| *payload),
                cases.len(),
            )
        }
        InterfaceType::Enum(names) => {
            let count = types[names].names.len();
            ((index < count).then_some(None), count)
        }
        InterfaceType::Option(option) => ([None, Some(types[option].ty)].get(index).copied(), 2),
        InterfaceType::Result(result) => {
            let result = &types[result];
            ([result.ok, result.err].get(index).copied(), 2)
        }
        _ => return Err(no_data()),
    };
    case.ok_or_else(|| format_err!("discriminant {index} out of range [0..{count})"))
}

/// The type is one that only whoever calls a function with handles may meet, and these do not come this way.
#[cold]
fn no_data() -> wasmtime::Error {
    format_err!("a resource, a stream or a future where only data may be")
}
