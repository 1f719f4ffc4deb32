//! The arguments of a call from a Rust tuple, a list, or `()`.

use super::write::{mismatch, to_val};
use crate::value::Mismatch;
use runtime::value::describe_params;
use serde::ser::{
    Impossible, Serialize, SerializeSeq, SerializeTuple, SerializeTupleStruct, Serializer,
};
use wasmtime::component::{Type, Val};

/// One value for each parameter.
///
/// # Errors
/// If there are more or fewer, or the first that is not of its parameter's type.
pub fn to_vals<T: Serialize + ?Sized>(
    params: &[(String, Type)],
    arguments: &T,
) -> Result<Vec<Val>, Mismatch> {
    let vals = Vec::with_capacity(params.len());
    arguments.serialize(Arguments { params, vals })
}

struct Arguments<'t> {
    params: &'t [(String, Type)],
    vals: Vec<Val>,
}

impl Arguments<'_> {
    fn wrong(&self, found: &str) -> Mismatch {
        mismatch(format!("({})", describe_params(self.params)), found)
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
        let Some((name, ty)) = self.params.get(self.vals.len()) else {
            return Err(self.wrong("more arguments"));
        };
        let val = to_val(ty, value).map_err(|wrong| wrong.within(name))?;
        self.vals.push(val);
        Ok(())
    }

    fn finish(self) -> Result<Vec<Val>, Mismatch> {
        if self.vals.len() < self.params.len() {
            return Err(self.wrong(&format!("{} arguments", self.vals.len())));
        }
        Ok(self.vals)
    }
}

macro_rules! refused {
    ($($name:ident($($ty:ty),*)),* $(,)?) => {
        $(fn $name(self, $(_: $ty),*) -> Result<Vec<Val>, Mismatch> {
            Err(self.wrong("no tuple"))
        })*
    };
}

impl Serializer for Arguments<'_> {
    type Ok = Vec<Val>;
    type Error = Mismatch;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Impossible<Vec<Val>, Mismatch>;
    type SerializeMap = Impossible<Vec<Val>, Mismatch>;
    type SerializeStruct = Impossible<Vec<Val>, Mismatch>;
    type SerializeStructVariant = Impossible<Vec<Val>, Mismatch>;

    fn serialize_unit(self) -> Result<Vec<Val>, Mismatch> {
        self.finish()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Vec<Val>, Mismatch> {
        self.finish()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Mismatch> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Mismatch> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Mismatch> {
        Ok(self)
    }

    refused!(
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_str(&str),
        serialize_bytes(&[u8]),
        serialize_none(),
        serialize_unit_variant(&'static str, u32, &'static str),
    );

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<Vec<Val>, Mismatch> {
        Err(self.wrong("no tuple"))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        inner: &T,
    ) -> Result<Vec<Val>, Mismatch> {
        inner.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Vec<Val>, Mismatch> {
        Err(self.wrong("no tuple"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Mismatch> {
        Err(self.wrong("a map"))
    }

    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, Mismatch> {
        Err(self.wrong("a record"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Mismatch> {
        Err(self.wrong("no tuple"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Mismatch> {
        Err(self.wrong("no tuple"))
    }
}

macro_rules! elements {
    ($($of:ident: $put:ident),*) => {
        $(impl $of for Arguments<'_> {
            type Ok = Vec<Val>;
            type Error = Mismatch;

            fn $put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
                self.push(value)
            }

            fn end(self) -> Result<Vec<Val>, Mismatch> {
                self.finish()
            }
        })*
    };
}

elements!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field
);
