//! Values that serde writes part by part, and the cases that may be around them.

use super::write::{Typed, mismatch, to_val};
use crate::value::{Mismatch, nearest};
use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use wasmtime::component::types::Record;
use wasmtime::component::{Type, Val};

/// The type inside of so many options: what is no option itself stands for `some` of it.
fn unwrapped(ty: &Type) -> (Type, usize) {
    let (mut ty, mut options) = (ty.clone(), 0);
    while let Type::Option(option) = &ty {
        ty = option.ty();
        options += 1;
    }
    (ty, options)
}

fn wrapped(val: Val, options: usize) -> Val {
    (0..options).fold(val, |val, _| Val::Option(Some(Box::new(val))))
}

/// A case of a variant, an enum or a result.
pub(super) struct Case<'n> {
    ty: Type,
    options: usize,
    name: &'n str,
    payload: Option<Type>,
}

impl<'n> Case<'n> {
    /// The case of this name, or of the name that Rust's own `Result` has for it.
    pub(super) fn of(ty: &Type, name: &'n str) -> Result<Self, Mismatch> {
        let (ty, options) = unwrapped(ty);
        let payload = match (&ty, name) {
            (Type::Variant(variant), _) => {
                let case = variant.cases().find(|case| case.name == name);
                case.map(|case| case.ty)
            }
            (Type::Enum(cases), _) => cases.names().any(|case| case == name).then_some(None),
            (Type::Result(result), "ok" | "Ok") => Some(result.ok()),
            (Type::Result(result), "err" | "Err") => Some(result.err()),
            _ => None,
        };
        let payload = payload.ok_or_else(|| Typed(&ty).wrong(format!("{name:?}")))?;
        Ok(Self {
            ty,
            options,
            name,
            payload,
        })
    }

    /// The case with this payload.
    pub(super) fn holding<T: Serialize + ?Sized>(self, value: &T) -> Result<Val, Mismatch> {
        let payload = match &self.payload {
            Some(ty) => Some(to_val(ty, value).map_err(|wrong| wrong.within(self.name))?),
            // `result<_, e>` is Rust's `Result<(), E>`. JSON knows whether a value is `()`.
            None if serde_json::to_value(value).is_ok_and(|json| json.is_null()) => None,
            None => return Err(mismatch("no payload", "one").within(self.name)),
        };
        Ok(self.with(payload))
    }

    fn with(self, payload: Option<Val>) -> Val {
        let payload = payload.map(Box::new);
        let val = match (&self.ty, self.name) {
            (Type::Variant(_), name) => Val::Variant(name.to_owned(), payload),
            (Type::Result(_), "ok" | "Ok") => Val::Result(Ok(payload)),
            (Type::Result(_), _) => Val::Result(Err(payload)),
            (_, name) => Val::Enum(name.to_owned()),
        };
        wrapped(val, self.options)
    }
}

/// The parts of a case's payload.
pub(super) struct InCase<P> {
    case: Case<'static>,
    parts: P,
}

impl<P> InCase<P> {
    pub(super) fn of(
        ty: &Type,
        name: &'static str,
        parts: impl FnOnce(&Type) -> Result<P, Mismatch>,
    ) -> Result<Self, Mismatch> {
        let case = Case::of(ty, name)?;
        let parts = match &case.payload {
            Some(ty) => parts(ty).map_err(|wrong| wrong.within(name))?,
            None => return Err(mismatch("no payload", "one").within(name)),
        };
        Ok(Self { case, parts })
    }

    fn inside<T>(
        &mut self,
        act: impl FnOnce(&mut P) -> Result<T, Mismatch>,
    ) -> Result<T, Mismatch> {
        act(&mut self.parts).map_err(|wrong| wrong.within(self.case.name))
    }

    fn finish(self, end: impl FnOnce(P) -> Result<Val, Mismatch>) -> Result<Val, Mismatch> {
        let payload = end(self.parts).map_err(|wrong| wrong.within(self.case.name))?;
        Ok(self.case.with(Some(payload)))
    }
}

/// A list, a tuple, or flags by their names.
pub(super) struct Items {
    ty: Type,
    options: usize,
    types: Types,
    values: Vec<Val>,
}

/// The types of elements.
enum Types {
    Each(Type),
    InOrder(Vec<Type>),
}

impl Items {
    pub(super) fn of(ty: &Type, found: &str) -> Result<Self, Mismatch> {
        let (ty, options) = unwrapped(ty);
        let types = match &ty {
            Type::List(list) => Types::Each(list.ty()),
            Type::FixedLengthList(list) => {
                Types::InOrder((0..list.len()).map(|_| list.ty()).collect())
            }
            Type::Tuple(tuple) => Types::InOrder(tuple.types().collect()),
            Type::Flags(_) => Types::Each(Type::String),
            _ => return Err(Typed(&ty).wrong(found)),
        };
        Ok(Self {
            ty,
            options,
            types,
            values: Vec::new(),
        })
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
        let index = self.values.len();
        let ty = match &self.types {
            Types::Each(ty) => ty,
            Types::InOrder(types) => match types.get(index) {
                Some(ty) => ty,
                None => return Err(Typed(&self.ty).wrong(format!("more than {index} elements"))),
            },
        };
        let value = to_val(ty, value).map_err(|wrong| wrong.within(&format!("[{index}]")))?;
        self.values.push(value);
        Ok(())
    }

    fn finish(self) -> Result<Val, Mismatch> {
        let count = self.values.len();
        if let Types::InOrder(types) = &self.types
            && types.len() != count
        {
            return Err(Typed(&self.ty).wrong(format!("{count} elements")));
        }
        let val = match &self.ty {
            Type::List(_) => Val::List(self.values),
            Type::FixedLengthList(_) => Val::FixedLengthList(self.values),
            Type::Flags(flags) => {
                Val::Flags(self.flags(|name| flags.names().any(|flag| flag == name))?)
            }
            _ => Val::Tuple(self.values),
        };
        Ok(wrapped(val, self.options))
    }

    fn flags(&self, known: impl Fn(&str) -> bool) -> Result<Vec<String>, Mismatch> {
        let name = |val: &Val| match val {
            Val::String(name) if known(name) => Ok(name.to_string()),
            Val::String(name) => Err(Typed(&self.ty).wrong(format!("{name:?}"))),
            other => Err(Typed(&self.ty).wrong(format!("{other:?}"))),
        };
        self.values.iter().map(name).collect()
    }
}

/// A record, a map, or a case as JSON has one: a map of a single entry.
pub(super) struct Fields {
    ty: Type,
    options: usize,
    key: Option<Val>,
    entries: Vec<(Val, Val)>,
}

impl Fields {
    pub(super) fn of(ty: &Type, found: &str) -> Result<Self, Mismatch> {
        let (ty, options) = unwrapped(ty);
        match &ty {
            Type::Record(_) | Type::Map(_) | Type::Variant(_) | Type::Result(_) => Ok(Self {
                ty,
                options,
                key: None,
                entries: Vec::new(),
            }),
            _ => Err(Typed(&ty).wrong(found)),
        }
    }

    fn put<T: Serialize + ?Sized>(&mut self, key: Val, value: &T) -> Result<(), Mismatch> {
        let value = match (&self.ty, &key) {
            (Type::Map(map), _) => to_val(&map.value(), value)?,
            (Type::Record(record), Val::String(name)) => field(record, name, value)?,
            (ty, Val::String(name)) => Case::of(ty, name)?.holding(value)?,
            (ty, _) => return Err(Typed(ty).wrong("a map")),
        };
        self.entries.push((key, value));
        Ok(())
    }

    fn finish(mut self) -> Result<Val, Mismatch> {
        let val = match &self.ty {
            Type::Map(_) => Val::Map(self.entries),
            Type::Record(record) => {
                let fields = record.fields().map(|field| {
                    let given = self.entries.iter_mut().find_map(|(key, value)| match key {
                        Val::String(name) if **name == *field.name => {
                            Some(std::mem::replace(value, Val::Bool(false)))
                        }
                        _ => None,
                    });
                    let value = match (given, &field.ty) {
                        (Some(value), _) => value,
                        (None, Type::Option(_)) => Val::Option(None),
                        (None, ty) => return Err(Typed(ty).wrong("nothing").within(field.name)),
                    };
                    Ok((field.name.to_owned(), value))
                });
                Val::Record(fields.collect::<Result<_, _>>()?)
            }
            ty => match (self.entries.pop(), self.entries.is_empty()) {
                (Some((_, case)), true) => case,
                _ => return Err(Typed(ty).wrong("a map of several entries, or of none")),
            },
        };
        Ok(wrapped(val, self.options))
    }
}

fn field<T: Serialize + ?Sized>(record: &Record, name: &str, value: &T) -> Result<Val, Mismatch> {
    let Some(field) = record.fields().find(|field| field.name == name) else {
        let known = record.fields().map(|field| field.name);
        let suggestion = nearest(name, known).map(ToOwned::to_owned);
        return Err(Mismatch {
            suggestion,
            ..mismatch("a field of the record", format!("{name:?}"))
        });
    };
    to_val(&field.ty, value).map_err(|wrong| wrong.within(name))
}

macro_rules! items {
    ($($of:ident: $put:ident),*) => {
        $(impl $of for Items {
            type Ok = Val;
            type Error = Mismatch;

            fn $put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
                self.push(value)
            }

            fn end(self) -> Result<Val, Mismatch> {
                self.finish()
            }
        })*
    };
}

items!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field
);

impl SerializeTupleVariant for InCase<Items> {
    type Ok = Val;
    type Error = Mismatch;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
        self.inside(|items| items.push(value))
    }

    fn end(self) -> Result<Val, Mismatch> {
        self.finish(Items::finish)
    }
}

impl SerializeMap for Fields {
    type Ok = Val;
    type Error = Mismatch;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Mismatch> {
        self.key = Some(match &self.ty {
            Type::Map(map) => to_val(&map.key(), key)?,
            _ => to_val(&Type::String, key)?,
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
        match self.key.take() {
            Some(key) => self.put(key, value),
            None => Err(Typed(&self.ty).wrong("a value before its key")),
        }
    }

    fn end(self) -> Result<Val, Mismatch> {
        self.finish()
    }
}

impl SerializeStruct for Fields {
    type Ok = Val;
    type Error = Mismatch;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Mismatch> {
        self.serialize_entry(name, value)
    }

    fn end(self) -> Result<Val, Mismatch> {
        self.finish()
    }
}

impl SerializeStructVariant for InCase<Fields> {
    type Ok = Val;
    type Error = Mismatch;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Mismatch> {
        self.inside(|fields| fields.serialize_entry(name, value))
    }

    fn end(self) -> Result<Val, Mismatch> {
        self.finish(Fields::finish)
    }
}
