//! Which types cannot travel.
//!
//! Asked about a function before it is called: to find out from its result would be too late, since
//! by then the guest has run.

use wasmtime::component::Type;

use super::describe;
use super::error::{At, Fault, Unplaced, ValueError};

/// An error that names the first part of these types whose values cannot be written down, if there
/// is one: a resource, stream, future or error context.
///
/// A slot is the name of a parameter, or of the result, and its type.
pub fn supported<N: AsRef<str>>(slots: &[(N, Type)]) -> Result<(), ValueError> {
    slots
        .iter()
        .try_for_each(|(name, ty)| check(ty).in_value(name.as_ref()))
}

/// Whether values of this type, apart from those of the types inside it, can be written down at all.
pub(super) fn travels(ty: &Type) -> bool {
    !matches!(
        ty,
        Type::Own(_) | Type::Borrow(_) | Type::Stream(_) | Type::Future(_) | Type::ErrorContext
    )
}

// Validation bounds both the depth of a type and the number of its parts.
fn check(ty: &Type) -> Result<(), Fault> {
    match ty {
        Type::List(list) => check(&list.ty()),
        Type::FixedLengthList(list) => check(&list.ty()),
        Type::Option(option) => check(&option.ty()),
        Type::Map(map) => {
            check(&map.key())?;
            check(&map.value())
        }
        Type::Tuple(tuple) => tuple
            .types()
            .enumerate()
            .try_for_each(|(at, ty)| check(&ty).at_index(at)),
        Type::Record(record) => record
            .fields()
            .try_for_each(|field| check(&field.ty).at_name(field.name)),
        Type::Variant(variant) => variant
            .cases()
            .try_for_each(|case| maybe(case.ty).at_name(case.name)),
        Type::Result(result) => {
            maybe(result.ok()).at_name("ok")?;
            maybe(result.err()).at_name("err")
        }
        _ if travels(ty) => Ok(()),
        _ => Err(Unplaced::unsupported(describe(ty))),
    }
}

fn maybe(ty: Option<Type>) -> Result<(), Fault> {
    ty.map_or(Ok(()), |ty| check(&ty))
}
