//! Values that are made of others.

use std::mem::size_of;

use wasmtime::component::{Type, Val};

use super::{Decoder, Made};
use crate::value::cbor::{self, ARRAY, BYTES, MAP, SIMPLE};
use crate::value::error::{At, Fault, Unplaced};
use crate::value::numbers::Numbers;
use crate::value::support::is_handle;
use crate::value::{describe, flags};

impl Decoder<'_, '_> {
    /// A value that is made of several others.
    pub(super) fn compound<M: Made>(&mut self, ty: &Type, depth: usize) -> Result<M, Fault> {
        Ok(match ty {
            Type::List(list) => M::list(self.elements(ty, &list.ty(), None, depth)?, Val::List),
            Type::FixedLengthList(list) => {
                let length = Some(list.len() as usize);
                let items = self.elements(ty, &list.ty(), length, depth)?;
                M::list(items, Val::FixedLengthList)
            }
            Type::Tuple(tuple) => {
                let types = tuple.types();
                self.array_of(types.len(), || describe(ty))?;
                self.charge::<M>(types.len(), size_of::<Val>())?;
                let mut items = Vec::with_capacity(types.len());
                for (at, ty) in types.enumerate() {
                    items.push(self.value(&ty, depth + 1).at_index(at)?);
                }
                M::list(items, Val::Tuple)
            }
            Type::Record(record) => {
                let fields = record.fields();
                self.array_of(fields.len(), || describe(ty))?;
                self.charge::<M>(fields.len(), size_of::<(String, Val)>())?;
                let mut values = Vec::with_capacity(fields.len());
                for field in fields {
                    let value = self.value(&field.ty, depth + 1).at_name(field.name)?;
                    values.push((self.named::<M>(field.name)?, value));
                }
                M::record(values)
            }
            Type::Map(map) => M::map(self.entries(ty, &map.key(), &map.value(), depth)?),
            _ => return self.choice(ty, depth),
        })
    }

    /// A value that is one of several, or some of them.
    fn choice<M: Made>(&mut self, ty: &Type, depth: usize) -> Result<M, Fault> {
        Ok(match ty {
            Type::Variant(variant) => {
                let (index, payload) = self.case(ty)?;
                let Some(case) = variant.cases().nth(index) else {
                    return Err(no_case(ty, index));
                };
                let payload = self.payload(case.name, case.ty.as_ref(), payload, depth)?;
                M::variant(self.named::<M>(case.name)?, payload)
            }
            Type::Enum(names) => {
                let index = self.integer::<u32>(ty)? as usize;
                let name = names.names().nth(index).ok_or_else(|| no_case(ty, index))?;
                M::named(self.named::<M>(name)?)
            }
            Type::Option(option) => {
                let head = self.input.head()?;
                match (head.major, head.info, head.arg) {
                    (SIMPLE, cbor::NULL, _) => M::case(None, Val::Option),
                    (ARRAY, _, 1) => M::case(Some(self.boxed(&option.ty(), depth)?), Val::Option),
                    _ => return Err(Unplaced::mismatch(describe(ty), cbor::name(head))),
                }
            }
            Type::Result(result) => match self.case(ty)? {
                (0, payload) => {
                    let ok = self.payload("ok", result.ok().as_ref(), payload, depth)?;
                    M::case(ok, |ok| Val::Result(Ok(ok)))
                }
                (1, payload) => {
                    let err = self.payload("err", result.err().as_ref(), payload, depth)?;
                    M::case(err, |err| Val::Result(Err(err)))
                }
                (index, _) => return Err(no_case(ty, index)),
            },
            Type::Flags(known) => {
                let set = flags::read(&mut self.input, known.names().len())?;
                let count = set.positions().count();
                self.charge::<M>(count, size_of::<String>())?;
                let mut names = Vec::with_capacity(count);
                // Both ascend, so one pass over the names is enough.
                let mut set = set.positions().peekable();
                for (position, name) in known.names().enumerate() {
                    if set.next_if_eq(&position).is_some() {
                        names.push(self.named::<M>(name)?);
                    }
                }
                M::flags(names)
            }
            _ if is_handle(ty) => {
                let number = self.integer::<u64>(ty)?;
                M::handle(self.handles.handle(ty, number)?)
            }
            _ => return Err(Unplaced::unsupported(describe(ty))),
        })
    }

    /// The elements of a list of either kind, of which a fixed-length one has `length`.
    fn elements<M: Made>(
        &mut self,
        list: &Type,
        element: &Type,
        length: Option<usize>,
        depth: usize,
    ) -> Result<Vec<M>, Fault> {
        let head = self.input.head()?;
        let numbers = Numbers::of(element);
        let (major, width) = numbers.map_or((ARRAY, 1), |numbers| (BYTES, numbers.width as u64));
        let count = head.arg / width;
        let right_length = length.is_none_or(|length| length as u64 == count);
        if head.major != major || !right_length || !head.arg.is_multiple_of(width) {
            return Err(Unplaced::mismatch(describe(list), cbor::name(head)));
        }
        let count = self.input.count(count, 1)?;
        self.charge::<M>(count, size_of::<Val>())?;
        if numbers.is_some() {
            let bytes = self.input.take(head.arg)?;
            return Ok(M::numbers(element, bytes));
        }
        let mut items = Vec::with_capacity(count);
        for at in 0..count {
            items.push(self.value(element, depth + 1).at_index(at)?);
        }
        Ok(items)
    }

    /// The entries of a map, in their order. Equal keys may follow one another: the component model lets
    /// the last one win, and to find them is not worth a sort here.
    fn entries<M: Made>(
        &mut self,
        map: &Type,
        key: &Type,
        value: &Type,
        depth: usize,
    ) -> Result<Vec<(M, M)>, Fault> {
        let head = self.input.head()?;
        if head.major != MAP {
            return Err(Unplaced::mismatch(describe(map), cbor::name(head)));
        }
        let count = self.input.count(head.arg, 2)?;
        self.charge::<M>(count, size_of::<(Val, Val)>())?;
        let mut entries = Vec::with_capacity(count);
        for at in 0..count {
            let key = self.value(key, depth + 1).at_key(at)?;
            entries.push((key, self.value(value, depth + 1).at_index(at)?));
        }
        Ok(entries)
    }

    /// The head and index of `[index]` or `[index, payload]`; and whether there is a payload.
    fn case(&mut self, ty: &Type) -> Result<(usize, bool), Fault> {
        let head = self.input.head()?;
        match (head.major, head.arg) {
            (ARRAY, 1 | 2) => Ok((self.integer::<u32>(ty)? as usize, head.arg == 2)),
            _ => Err(Unplaced::mismatch(describe(ty), cbor::name(head))),
        }
    }

    fn payload<M: Made>(
        &mut self,
        name: &str,
        ty: Option<&Type>,
        there: bool,
        depth: usize,
    ) -> Result<Option<Box<M>>, Fault> {
        match (ty, there) {
            (Some(ty), true) => self.boxed(ty, depth).map(Some).at_name(name),
            (None, false) => Ok(None),
            (Some(ty), false) => Err(Unplaced::mismatch(describe(ty), "no payload")).at_name(name),
            (None, true) => Err(Unplaced::mismatch("no payload", "a payload")).at_name(name),
        }
    }

    fn boxed<M: Made>(&mut self, ty: &Type, depth: usize) -> Result<Box<M>, Fault> {
        self.charge::<M>(1, size_of::<Val>())?;
        self.value(ty, depth + 1).map(Box::new)
    }

    /// A name of the type, which the value repeats.
    fn named<M: Made>(&mut self, name: &str) -> Result<M::Name, Fault> {
        self.charge::<M>(1, name.len())?;
        Ok(M::name(name))
    }
}

#[cold]
fn no_case(ty: &Type, index: usize) -> Fault {
    Unplaced::mismatch(describe(ty), format!("a case with number {index}"))
}
