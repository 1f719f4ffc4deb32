//! The deserializer: each item is of the type that is asked for, and read to its end.

use super::error::unexpected;
use super::head::{ARRAY, BYTES, Head, Heads, MAP, NEGATIVE, SIMPLE, TEXT, UNSIGNED};
use super::items::Items;
use super::{Error, simple};
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserializer, Error as _, Visitor};
use std::borrow::Cow;

/// Reads items from bytes.
pub(super) struct Reader<'de> {
    heads: Heads<'de>,
    /// How deep an item may nest, and how much of that is left.
    depth: usize,
    left: usize,
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8], depth: usize) -> Self {
        let heads = Heads::new(bytes);
        let left = depth;
        Self { heads, depth, left }
    }

    /// How many bytes were read.
    pub(super) fn at(&self) -> usize {
        self.heads.at()
    }

    /// How many are left.
    pub(super) fn bytes_left(&self) -> usize {
        self.heads.left()
    }

    /// Passes over the end of what has no length, if that comes next.
    pub(super) fn ends(&mut self) -> Result<bool, Error> {
        let mut ahead = self.heads;
        let ends = ahead.next()?.is_break();
        if ends {
            self.heads = ahead;
        }
        Ok(ends)
    }

    /// The next head without tags, if it is of this kind.
    fn expect(&mut self, major: u8, kind: &'static str) -> Result<Head, Error> {
        let head = self.heads.untagged()?;
        if head.major == major && !head.is_break() {
            Ok(head)
        } else {
            Err(unexpected(head, kind))
        }
    }

    /// Reads what is in an array or a map, all of it.
    fn within<T>(
        &mut self,
        head: Head,
        read: impl FnOnce(&mut Items<'_, 'de>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let depth = self.depth;
        self.left = self.left.checked_sub(1).ok_or(Error::TooDeep(depth))?;
        let mut items = Items::new(self, head.arg);
        let value = read(&mut items)?;
        if items.is_more()? {
            return Err(Error::custom("more than is expected"));
        }
        self.left += 1;
        Ok(value)
    }

    fn integer<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        match self.heads.untagged()? {
            Head {
                major: UNSIGNED,
                arg: Some(arg),
                ..
            } => visitor.visit_u64(arg),
            Head {
                major: NEGATIVE,
                arg: Some(arg),
                ..
            } => match i64::try_from(arg) {
                Ok(arg) => visitor.visit_i64(-1 - arg),
                Err(_) => Err(Error::custom("integer too large")),
            },
            head => Err(unexpected(head, "integer")),
        }
    }

    /// A name, in one piece.
    fn name(&mut self) -> Result<&'de str, Error> {
        let head = self.expect(TEXT, "name")?;
        match self.heads.text(head)? {
            Cow::Borrowed(name) => Ok(name),
            Cow::Owned(_) => Err(Error::custom("a name in pieces")),
        }
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.integer(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut ahead = self.heads;
        let head = ahead.untagged()?;
        match (head.major, head.arg) {
            (UNSIGNED | NEGATIVE, _) => self.integer(visitor),
            (BYTES, _) => self.deserialize_byte_buf(visitor),
            (TEXT, _) => self.deserialize_string(visitor),
            (ARRAY, _) => self.deserialize_seq(visitor),
            (MAP, _) => self.deserialize_map(visitor),
            _ if simple::boolean(head).is_some() => self.deserialize_bool(visitor),
            _ if simple::float(head).is_some() => self.deserialize_f64(visitor),
            _ => self.deserialize_unit(visitor),
        }
    }

    integers! {
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let head = self.expect(SIMPLE, "bool")?;
        match simple::boolean(head) {
            Some(value) => visitor.visit_bool(value),
            None => Err(unexpected(head, "bool")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let head = self.expect(SIMPLE, "float")?;
        match simple::float(head) {
            Some(value) => visitor.visit_f64(value),
            None => Err(unexpected(head, "float")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let head = self.expect(TEXT, "string")?;
        match self.heads.text(head)? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let head = self.expect(BYTES, "bytes")?;
        match self.heads.string(head)? {
            Cow::Borrowed(bytes) => visitor.visit_borrowed_bytes(bytes),
            Cow::Owned(_) => Err(Error::custom("bytes in pieces")),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let head = self.expect(BYTES, "bytes")?;
        match self.heads.string(head)? {
            Cow::Borrowed(bytes) => visitor.visit_borrowed_bytes(bytes),
            Cow::Owned(bytes) => visitor.visit_byte_buf(bytes),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut ahead = self.heads;
        let head = ahead.untagged()?;
        if simple::is_null(head) {
            self.heads = ahead;
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let head = self.expect(SIMPLE, "null")?;
        if simple::is_null(head) {
            visitor.visit_unit()
        } else {
            Err(unexpected(head, "null"))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let head = self.expect(ARRAY, "array")?;
        self.within(head, |items| visitor.visit_seq(items))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let head = self.expect(MAP, "map")?;
        self.within(head, |items| visitor.visit_map(items))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    /// An alternative: its name, or a map of its name to what it holds.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut ahead = self.heads;
        let head = ahead.untagged()?;
        match head.major {
            TEXT => visitor.visit_enum(BorrowedStrDeserializer::new(self.name()?)),
            MAP => {
                self.heads = ahead;
                self.within(head, |items| visitor.visit_enum(items))
            }
            _ => Err(unexpected(head, "alternative")),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.name()?)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.heads.skip(self.left)? {
            visitor.visit_unit()
        } else {
            Err(Error::TooDeep(self.depth))
        }
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
