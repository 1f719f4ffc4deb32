//! The resources that an instance has handed out, each under a number, until they are given back or dropped.

use crate::value::{HandleError, Handles, describe, is_resource};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasmtime::component::{ResourceAny, Type, Val};

/// Numbers and what they stand for. Clones are the same table.
#[derive(Clone, Default)]
pub(crate) struct Resources(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    held: BTreeMap<u64, ResourceAny>,
    /// Numbers are never used twice.
    last: u64,
}

/// The resources of one call's values, beside its streams.
pub(crate) struct ResourceHandles<'a, S> {
    pub(crate) resources: &'a Resources,
    pub(crate) streams: S,
    /// What arguments have taken away, to be put back if the call does not take place.
    pub(crate) taken: Vec<(u64, ResourceAny)>,
}

impl Resources {
    /// Takes a resource away, to drop it.
    pub(crate) fn take(&self, number: u64) -> Option<ResourceAny> {
        self.lock().held.remove(&number)
    }

    pub(crate) fn put_back(&self, taken: Vec<(u64, ResourceAny)>) {
        self.lock().held.extend(taken);
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Handles> Handles for ResourceHandles<'_, S> {
    fn number(&mut self, ty: &Type, val: &Val) -> Result<u64, HandleError> {
        match val {
            Val::Resource(resource) if is_resource(ty) => {
                let mut table = self.resources.lock();
                table.last += 1;
                let number = table.last;
                table.held.insert(number, *resource);
                Ok(number)
            }
            _ => self.streams.number(ty, val),
        }
    }

    fn handle(&mut self, ty: &Type, number: u64) -> Result<Val, HandleError> {
        let (Type::Own(wanted) | Type::Borrow(wanted)) = ty else {
            return self.streams.handle(ty, number);
        };
        let mut table = self.resources.lock();
        let held = table.held.get(&number).copied();
        let Some(resource) = held.filter(|resource| resource.ty() == *wanted) else {
            let found = match held {
                Some(_) => format!("the number {number} of another resource"),
                None => format!("the number {number}, which no resource has (any more)"),
            };
            return Err(HandleError::mismatch(ty, found));
        };
        if matches!(ty, Type::Own(_)) {
            table.held.remove(&number);
            self.taken.push((number, resource));
        }
        Ok(Val::Resource(resource))
    }
}

/// Where there are no streams: in an instance of the plain engine.
pub(crate) struct NoStreams;

impl Handles for NoStreams {
    fn number(&mut self, ty: &Type, _: &Val) -> Result<u64, HandleError> {
        Err(HandleError::mismatch(
            ty,
            format!("a {} without a way", describe(ty)),
        ))
    }

    fn handle(&mut self, ty: &Type, _: u64) -> Result<Val, HandleError> {
        Err(HandleError::mismatch(
            ty,
            format!("a {} without a way", describe(ty)),
        ))
    }
}
