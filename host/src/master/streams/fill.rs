//! Puts what streams and futures carried in their places.

use super::{Incoming, Piece};
use crate::master::CallResult;
use proto::message::Dead;
use wasmtime::component::{Type, Val};

/// What one byte of a `list<u8>` takes here: it is a value of its own.
const VALUE: u64 = size_of::<Val>() as u64;

/// All that a stream or future carries, as a list or a value, and about how much memory that takes. None: more than `memory`.
pub(super) async fn all(mut incoming: Incoming, memory: u64) -> Result<Option<(Val, u64)>, Dead> {
    let mut items = Vec::new();
    while let Some(piece) = incoming.next().await? {
        match piece {
            Piece::Bytes(bytes) => items.extend(bytes.into_iter().map(Val::U8)),
            Piece::Values(values) => items.extend(values),
        }
        if items.len() as u64 * VALUE + incoming.carried > memory {
            return Ok(None);
        }
    }
    let cost = items.len() as u64 * VALUE + incoming.carried;
    let val = match incoming.ty() {
        // One that ends without its value was never completed, and has said so.
        Type::Future(_) => items.pop().unwrap_or(Val::Tuple(Vec::new())),
        _ => Val::List(items),
    };
    Ok(Some((val, cost)))
}

/// The result with these in the places of their numbers.
pub(super) fn result(result: CallResult, mut collected: Vec<Val>, ty: &Type) -> CallResult {
    match result {
        CallResult::Returned(Some(val)) => CallResult::Returned(Some(put(ty, val, &mut collected))),
        CallResult::Failed(val) => CallResult::Failed(put(ty, val, &mut collected)),
        other => other,
    }
}

fn put(ty: &Type, val: Val, collected: &mut [Val]) -> Val {
    let each = |tys: &mut dyn Iterator<Item = Type>, vals: Vec<Val>, collected: &mut [Val]| {
        let vals = tys.zip(vals).map(|(ty, val)| put(&ty, val, collected));
        vals.collect::<Vec<_>>()
    };
    let boxed = |ty: Option<Type>, val: Option<Box<Val>>, collected: &mut [Val]| match (ty, val) {
        (Some(ty), Some(val)) => Some(Box::new(put(&ty, *val, collected))),
        (_, val) => val,
    };
    match (ty, val) {
        (Type::Stream(_) | Type::Future(_), Val::U64(number)) => {
            let place = usize::try_from(number)
                .ok()
                .and_then(|at| collected.get_mut(at));
            // Each number stands in one place.
            place.map_or(Val::U64(number), |place| {
                std::mem::replace(place, Val::Tuple(Vec::new()))
            })
        }
        (Type::List(list), Val::List(vals)) => {
            let mut tys = std::iter::repeat(list.ty());
            Val::List(each(&mut tys, vals, collected))
        }
        (Type::FixedLengthList(list), Val::FixedLengthList(vals)) => {
            let mut tys = std::iter::repeat(list.ty());
            Val::FixedLengthList(each(&mut tys, vals, collected))
        }
        (Type::Tuple(tuple), Val::Tuple(vals)) => {
            Val::Tuple(each(&mut tuple.types(), vals, collected))
        }
        (Type::Record(record), Val::Record(fields)) => {
            let fields = record.fields().zip(fields);
            let put = fields.map(|(field, (name, val))| (name, put(&field.ty, val, collected)));
            Val::Record(put.collect())
        }
        (Type::Map(map), Val::Map(entries)) => {
            let ty = map.value();
            let put = entries
                .into_iter()
                .map(|(key, val)| (key, put(&ty, val, collected)));
            Val::Map(put.collect())
        }
        (Type::Variant(variant), Val::Variant(name, val)) => {
            let ty = variant.cases().find(|case| case.name == name);
            let val = boxed(ty.and_then(|case| case.ty), val, collected);
            Val::Variant(name, val)
        }
        (Type::Option(option), Val::Option(val)) => {
            Val::Option(boxed(Some(option.ty()), val, collected))
        }
        (Type::Result(result), Val::Result(Ok(val))) => {
            Val::Result(Ok(boxed(result.ok(), val, collected)))
        }
        (Type::Result(result), Val::Result(Err(val))) => {
            Val::Result(Err(boxed(result.err(), val, collected)))
        }
        (_, val) => val,
    }
}
