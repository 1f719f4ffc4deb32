//! Which types cannot travel, and which are handles.
//!
//! Asked about a function before it is called: to find out from its result would be too late, since
//! by then the guest has run.

use wasmtime::component::Type;

use super::describe;
use super::error::{At, Fault, Unplaced, ValueError};
use super::size;

/// An error that names the first part of these types whose values cannot travel, if there is one: an error context,
/// a handle that a stream or future would carry, or what is too large for a guest's memory.
///
/// A slot is the name of a parameter, or of the result, and its type.
pub fn supported<N: AsRef<str>>(slots: &[(N, Type)]) -> Result<(), ValueError> {
    let mut total = 0;
    for (name, ty) in slots {
        check(ty).in_value(name.as_ref())?;
        total = size::of(ty)
            .and_then(|size| size::after(total, size))
            .ok_or_else(|| Unplaced::unsupported(describe(ty)))
            .in_value(name.as_ref())?;
    }
    Ok(())
}

/// An error that names the first resource in these types, if there is one: a handle of one lives no longer than its instance.
pub fn data_only<N: AsRef<str>>(slots: &[(N, Type)]) -> Result<(), ValueError> {
    let holder = slots.iter().find(|(_, ty)| is_within(ty, is_resource));
    match holder {
        Some((name, ty)) => Err(Unplaced::resource(describe(ty))).in_value(name.as_ref()),
        None => Ok(()),
    }
}

/// Whether values of this type are numbers on the wire that stand for something on the other side.
pub fn is_handle(ty: &Type) -> bool {
    is_resource(ty) || is_stream(ty)
}

/// Whether values of this type are handles of a resource.
pub fn is_resource(ty: &Type) -> bool {
    matches!(ty, Type::Own(_) | Type::Borrow(_))
}

fn is_stream(ty: &Type) -> bool {
    matches!(ty, Type::Stream(_) | Type::Future(_))
}

/// Whether any part of these types, at whatever depth, is such a type.
pub fn holds<N>(slots: &[(N, Type)], wanted: fn(&Type) -> bool) -> bool {
    slots.iter().any(|(_, ty)| is_within(ty, wanted))
}

fn is_within(ty: &Type, wanted: fn(&Type) -> bool) -> bool {
    let inside = |ty: &Type| is_within(ty, wanted);
    let maybe = |ty: Option<Type>| ty.is_some_and(|ty| inside(&ty));
    wanted(ty)
        || match ty {
            Type::List(list) => inside(&list.ty()),
            Type::FixedLengthList(list) => inside(&list.ty()),
            Type::Option(option) => inside(&option.ty()),
            Type::Map(map) => inside(&map.key()) || inside(&map.value()),
            Type::Tuple(tuple) => tuple.types().any(|ty| inside(&ty)),
            Type::Record(record) => record.fields().any(|field| inside(&field.ty)),
            Type::Variant(variant) => variant.cases().any(|case| maybe(case.ty)),
            Type::Result(result) => maybe(result.ok()) || maybe(result.err()),
            _ => false,
        }
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
        Type::Stream(stream) => carried(ty, stream.ty()),
        Type::Future(future) => carried(ty, future.ty()),
        Type::ErrorContext => Err(Unplaced::unsupported(describe(ty))),
        _ => Ok(()),
    }
}

fn maybe(ty: Option<Type>) -> Result<(), Fault> {
    ty.map_or(Ok(()), |ty| check(&ty))
}

/// A stream carries data only.
fn carried(whole: &Type, item: Option<Type>) -> Result<(), Fault> {
    match item {
        Some(item) if holds(&[((), item.clone())], is_handle) => {
            Err(Unplaced::unsupported(describe(whole)))
        }
        item => maybe(item),
    }
}
