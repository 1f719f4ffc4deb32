//! From a Rust value to one of a WIT type. The type leads: it says what each part has to be.

use super::parts::{Case, Fields, InCase, Items};
use crate::value::Mismatch;
use runtime::value::describe;
use serde::ser::{self, Serialize, Serializer};
use std::fmt::Display;
use wasmtime::component::{Type, Val};

/// A value of this type from a Rust value.
///
/// # Errors
/// The first part that is not what its type wants.
pub fn to_val<T: Serialize + ?Sized>(ty: &Type, value: &T) -> Result<Val, Mismatch> {
    value.serialize(Typed(ty))
}

impl ser::Error for Mismatch {
    fn custom<T: Display>(what: T) -> Self {
        Self {
            path: String::new(),
            span: None,
            expected: String::new(),
            found: what.to_string(),
            suggestion: None,
        }
    }
}

pub(super) fn mismatch(expected: impl Display, found: impl Display) -> Mismatch {
    Mismatch {
        expected: expected.to_string(),
        ..ser::Error::custom(found)
    }
}

/// Writes one value of a type.
#[derive(Clone, Copy)]
pub(super) struct Typed<'t>(pub(super) &'t Type);

impl Typed<'_> {
    pub(super) fn wrong(self, found: impl Display) -> Mismatch {
        mismatch(describe(self.0), found)
    }

    /// What is no option itself stands for `some` of it.
    fn within_options(
        self,
        make: impl FnOnce(&Type) -> Result<Val, Mismatch>,
    ) -> Result<Val, Mismatch> {
        match self.0 {
            Type::Option(option) => {
                let inner = Typed(&option.ty()).within_options(make)?;
                Ok(Val::Option(Some(Box::new(inner))))
            }
            ty => make(ty),
        }
    }

    fn integer(self, number: i128) -> Result<Val, Mismatch> {
        self.within_options(|ty| {
            let fitting = match ty {
                Type::S8 => number.try_into().ok().map(Val::S8),
                Type::S16 => number.try_into().ok().map(Val::S16),
                Type::S32 => number.try_into().ok().map(Val::S32),
                Type::S64 => number.try_into().ok().map(Val::S64),
                Type::U8 => number.try_into().ok().map(Val::U8),
                Type::U16 => number.try_into().ok().map(Val::U16),
                Type::U32 => number.try_into().ok().map(Val::U32),
                Type::U64 => number.try_into().ok().map(Val::U64),
                Type::Float32 => Some(number as f32)
                    .filter(|float| *float as i128 == number)
                    .map(Val::Float32),
                Type::Float64 => Some(number as f64)
                    .filter(|float| *float as i128 == number)
                    .map(Val::Float64),
                _ => None,
            };
            fitting.ok_or_else(|| Typed(ty).wrong(number))
        })
    }
}

macro_rules! integers {
    ($($name:ident: $ty:ty),*) => {
        $(fn $name(self, number: $ty) -> Result<Val, Mismatch> {
            self.integer(number.into())
        })*
    };
}

impl Serializer for Typed<'_> {
    type Ok = Val;
    type Error = Mismatch;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = InCase<Items>;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = InCase<Fields>;

    integers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64
    );

    fn serialize_bool(self, value: bool) -> Result<Val, Mismatch> {
        self.within_options(|ty| match ty {
            Type::Bool => Ok(Val::Bool(value)),
            _ => Err(Typed(ty).wrong(value)),
        })
    }

    fn serialize_f32(self, number: f32) -> Result<Val, Mismatch> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<Val, Mismatch> {
        self.within_options(|ty| match ty {
            Type::Float64 => Ok(Val::Float64(number)),
            #[expect(clippy::cast_possible_truncation, reason = "the next line sees it")]
            Type::Float32 => match number as f32 {
                narrow if f64::from(narrow) == number || number.is_nan() => {
                    Ok(Val::Float32(narrow))
                }
                _ => Err(Typed(ty).wrong(number)),
            },
            _ => Err(Typed(ty).wrong(number)),
        })
    }

    fn serialize_char(self, scalar: char) -> Result<Val, Mismatch> {
        self.within_options(|ty| match ty {
            Type::Char => Ok(Val::Char(scalar)),
            ty => Typed(ty).serialize_str(scalar.encode_utf8(&mut [0; 4])),
        })
    }

    fn serialize_str(self, text: &str) -> Result<Val, Mismatch> {
        self.within_options(|ty| match ty {
            Type::String => Ok(Val::String(text.into())),
            Type::Char => match (text.chars().next(), text.chars().nth(1)) {
                (Some(scalar), None) => Ok(Val::Char(scalar)),
                _ => Err(Typed(ty).wrong(format!("{text:?}"))),
            },
            Type::Enum(_) | Type::Variant(_) | Type::Result(_) => Case::of(ty, text)?.holding(&()),
            _ => Err(Typed(ty).wrong(format!("{text:?}"))),
        })
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Val, Mismatch> {
        self.collect_seq(bytes)
    }

    fn serialize_none(self) -> Result<Val, Mismatch> {
        match self.0 {
            Type::Option(_) => Ok(Val::Option(None)),
            _ => Err(self.wrong("none")),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Val, Mismatch> {
        match self.0 {
            Type::Option(option) => {
                let inner = to_val(&option.ty(), value)?;
                Ok(Val::Option(Some(Box::new(inner))))
            }
            _ => Err(self.wrong("some")),
        }
    }

    fn serialize_unit(self) -> Result<Val, Mismatch> {
        match self.0 {
            Type::Option(_) => Ok(Val::Option(None)),
            _ => Err(self.wrong("nothing")),
        }
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Val, Mismatch> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        case: &'static str,
    ) -> Result<Val, Mismatch> {
        self.serialize_str(case)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Val, Mismatch> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        case: &'static str,
        value: &T,
    ) -> Result<Val, Mismatch> {
        Case::of(self.0, case)?.holding(value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Mismatch> {
        Items::of(self.0, "a list")
    }

    fn serialize_tuple(self, _: usize) -> Result<Items, Mismatch> {
        Items::of(self.0, "a tuple")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items, Mismatch> {
        Items::of(self.0, "a tuple")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields, Mismatch> {
        Fields::of(self.0, "a map")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, Mismatch> {
        Fields::of(self.0, "a record")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        case: &'static str,
        _: usize,
    ) -> Result<InCase<Items>, Mismatch> {
        InCase::of(self.0, case, |ty| Items::of(ty, "a tuple"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        case: &'static str,
        _: usize,
    ) -> Result<InCase<Fields>, Mismatch> {
        InCase::of(self.0, case, |ty| Fields::of(ty, "a record"))
    }
}
