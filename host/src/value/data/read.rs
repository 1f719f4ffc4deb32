//! A value as a Rust type, through serde.
//!
//! A program that calls a guest wants its results in types of its own. By way of JSON it would not get them
//! all: a large integer would arrive as text, bytes as text, NaN not at all, and `some(none)` as
//! `none`. So the value itself is what serde reads from.
//!
//! Names are those of the WIT (`#[serde(rename_all = "kebab-case")]`); a `result` is also read as Rust's.

use serde::de::value::{Error, SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer,
    MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use wasmtime::component::Val;

/// Reads a Rust value from a value of the component model.
pub fn from_val<R: DeserializeOwned>(val: &Val) -> Result<R, Error> {
    R::deserialize(Data(val))
}

#[derive(Clone, Copy)]
struct Data<'a>(&'a Val);

impl<'a> Data<'a> {
    /// The case's name and payload, if the value is one of several cases.
    fn case(self) -> Option<(&'a str, Option<&'a Val>)> {
        match self.0 {
            Val::Enum(name) => Some((name, None)),
            Val::Variant(name, payload) => Some((name, payload.as_deref())),
            Val::Result(Ok(payload)) => Some(("ok", payload.as_deref())),
            Val::Result(Err(payload)) => Some(("err", payload.as_deref())),
            _ => None,
        }
    }
}

impl<'de> Deserializer<'de> for Data<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Val::Bool(value) => visitor.visit_bool(*value),
            Val::S8(number) => visitor.visit_i8(*number),
            Val::S16(number) => visitor.visit_i16(*number),
            Val::S32(number) => visitor.visit_i32(*number),
            Val::S64(number) => visitor.visit_i64(*number),
            Val::U8(number) => visitor.visit_u8(*number),
            Val::U16(number) => visitor.visit_u16(*number),
            Val::U32(number) => visitor.visit_u32(*number),
            Val::U64(number) => visitor.visit_u64(*number),
            Val::Float32(number) => visitor.visit_f32(*number),
            Val::Float64(number) => visitor.visit_f64(*number),
            Val::Char(scalar) => visitor.visit_char(*scalar),
            Val::String(text) => visitor.visit_str(text),
            Val::List(items) | Val::FixedLengthList(items) | Val::Tuple(items) => {
                visitor.visit_seq(Items(items.iter()))
            }
            Val::Map(entries) => visitor.visit_map(Entries {
                rest: entries.iter().map(|(key, value)| (Key::Val(key), value)),
                value: None,
            }),
            Val::Record(fields) => visitor.visit_map(Entries {
                rest: fields.iter().map(|(name, value)| (Key::Name(name), value)),
                value: None,
            }),
            Val::Flags(names) => {
                visitor.visit_seq(SeqDeserializer::new(names.iter().map(String::as_str)))
            }
            Val::Option(None) => visitor.visit_none(),
            Val::Option(Some(inner)) => visitor.visit_some(Data(inner)),
            Val::Enum(name) | Val::Variant(name, None) => visitor.visit_str(name),
            Val::Variant(..) | Val::Result(_) => match self.case() {
                Some((name, payload)) => visitor.visit_map(Entries {
                    rest: [(Key::Name(name), payload.unwrap_or(&Val::Option(None)))].into_iter(),
                    value: None,
                }),
                None => Err(Error::custom("no case")),
            },
            Val::Resource(_) | Val::Stream(_) | Val::Future(_) | Val::ErrorContext(_) => {
                Err(Error::custom("the value is no data"))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Val::Option(None) => visitor.visit_none(),
            Val::Option(Some(inner)) => visitor.visit_some(Data(inner)),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let (Val::List(items) | Val::FixedLengthList(items)) = self.0 else {
            return self.deserialize_any(visitor);
        };
        let byte = |item: &Val| {
            if let Val::U8(byte) = item {
                Some(*byte)
            } else {
                None
            }
        };
        match items.iter().map(byte).collect() {
            Some(bytes) => visitor.visit_byte_buf(bytes),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (name, payload) = self
            .case()
            .ok_or_else(|| Error::custom("the value has no cases"))?;
        // Rust's own Result spells its cases with capitals.
        let name = match (self.0, name) {
            (Val::Result(_), "ok") if variants == ["Ok", "Err"] => "Ok",
            (Val::Result(_), "err") if variants == ["Ok", "Err"] => "Err",
            (_, name) => name,
        };
        visitor.visit_enum(Case { name, payload })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit unit_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}

struct Items<'a>(std::slice::Iter<'a, Val>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.0
            .next()
            .map(|item| seed.deserialize(Data(item)))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

enum Key<'a> {
    Name(&'a str),
    Val(&'a Val),
}

struct Entries<'a, I> {
    rest: I,
    value: Option<&'a Val>,
}

impl<'de, 'a, I: Iterator<Item = (Key<'a>, &'a Val)>> MapAccess<'de> for Entries<'a, I> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        match key {
            Key::Name(name) => seed.deserialize(StrDeserializer::new(name)),
            Key::Val(key) => seed.deserialize(Data(key)),
        }
        .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self
            .value
            .take()
            .ok_or_else(|| Error::custom("a value before its key"))?;
        seed.deserialize(Data(value))
    }
}

struct Case<'a> {
    name: &'a str,
    payload: Option<&'a Val>,
}

impl<'de, 'a> EnumAccess<'de> for Case<'a> {
    type Error = Error;
    type Variant = Payload<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Payload<'a>), Error> {
        let name = seed.deserialize(IntoDeserializer::<Error>::into_deserializer(self.name))?;
        Ok((name, Payload(self.payload)))
    }
}

struct Payload<'a>(Option<&'a Val>);

impl<'a> Payload<'a> {
    fn some(self) -> Result<Data<'a>, Error> {
        self.0
            .map(Data)
            .ok_or_else(|| Error::custom("the case has no payload"))
    }
}

impl<'de> VariantAccess<'de> for Payload<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.0 {
            None => Ok(()),
            Some(_) => Err(Error::custom("the case has a payload")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        match self.0 {
            Some(payload) => seed.deserialize(Data(payload)),
            // `result<_, e>` is Rust's `Result<(), E>`.
            None => seed.deserialize(().into_deserializer()),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.some()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.some()?.deserialize_any(visitor)
    }
}
