//! A value as JSON.
//!
//! What comes out here goes into a plan unchanged: the rules are those of [`super::read`].

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use runtime::value::{ValueError, supported};
use serde_json::{Map, Number, Value, json};
use wasmtime::component::{Type, Val};

use super::{Mismatch, Node, to_val};

/// The integers that programs which hold every number as a double can tell apart: ± 2^53 - 1.
const EXACT: i128 = (1 << 53) - 1;

/// A value as JSON. The type is needed: without it an empty list could be no bytes.
///
/// An error is a type whose values cannot be written down, or a value that is not of the type.
pub fn to_json(ty: &Type, val: &Val) -> Result<Value, ValueError> {
    supported(&[("value", ty.clone())])?;
    Ok(write(ty, val)?)
}

/// A value of this type from JSON, or all that is wrong with it.
pub fn from_json(ty: &Type, json: Value) -> Result<Val, Vec<Mismatch>> {
    to_val(&Node::from(json), ty)
}

struct Wrong;

impl From<Wrong> for ValueError {
    fn from(Wrong: Wrong) -> Self {
        Self::Mismatch {
            path: "value".into(),
            expected: "a value of its type".into(),
            found: "another".into(),
        }
    }
}

fn write(ty: &Type, val: &Val) -> Result<Value, Wrong> {
    Ok(match (ty, val) {
        (Type::Bool, Val::Bool(value)) => json!(value),
        (Type::S8, Val::S8(number)) => json!(number),
        (Type::S16, Val::S16(number)) => json!(number),
        (Type::S32, Val::S32(number)) => json!(number),
        (Type::S64, Val::S64(number)) => integer((*number).into()),
        (Type::U8, Val::U8(number)) => json!(number),
        (Type::U16, Val::U16(number)) => json!(number),
        (Type::U32, Val::U32(number)) => json!(number),
        (Type::U64, Val::U64(number)) => integer((*number).into()),
        (Type::Float32, Val::Float32(number)) => float(widen(*number)),
        (Type::Float64, Val::Float64(number)) => float(*number),
        (Type::Char, Val::Char(scalar)) => json!(scalar),
        (Type::String, Val::String(text)) => json!(text),
        (Type::Enum(_), Val::Enum(name)) => json!(name),
        (Type::Flags(_), Val::Flags(names)) => json!(names),
        (Type::List(list), Val::List(items)) => elements(&list.ty(), items)?,
        (Type::FixedLengthList(list), Val::FixedLengthList(items)) => elements(&list.ty(), items)?,
        (Type::Own(_) | Type::Borrow(_), Val::U64(number)) => integer((*number).into()),
        (Type::Stream(stream), Val::List(items)) => match stream.ty() {
            Some(ty) => elements(&ty, items)?,
            None => items.iter().map(|_| Value::Null).collect(),
        },
        (Type::Future(future), val) => match future.ty() {
            Some(ty) => write(&ty, val)?,
            None => Value::Null,
        },
        (Type::Tuple(tuple), Val::Tuple(items)) => {
            let items = tuple.types().zip(items).map(|(ty, item)| write(&ty, item));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        (Type::Record(record), Val::Record(fields)) => {
            let fields = record
                .fields()
                .zip(fields)
                .map(|(field, (name, value))| Ok((name.clone(), write(&field.ty, value)?)));
            Value::Object(fields.collect::<Result<_, _>>()?)
        }
        (Type::Variant(variant), Val::Variant(name, payload)) => {
            let case = variant
                .cases()
                .find(|case| case.name == name)
                .ok_or(Wrong)?;
            match (case.ty, payload) {
                (Some(ty), Some(payload)) => single(name, write(&ty, payload)?),
                (None, None) => json!(name),
                _ => return Err(Wrong),
            }
        }
        (Type::Option(_), Val::Option(None)) => Value::Null,
        (Type::Option(option), Val::Option(Some(inner))) => match option.ty() {
            ty @ Type::Option(_) => single("some", write(&ty, inner)?),
            ty => write(&ty, inner)?,
        },
        (Type::Result(result), Val::Result(Ok(payload))) => {
            single("ok", maybe(result.ok().as_ref(), payload.as_deref())?)
        }
        (Type::Result(result), Val::Result(Err(payload))) => {
            single("err", maybe(result.err().as_ref(), payload.as_deref())?)
        }
        (Type::Map(map), Val::Map(entries)) => map_entries(&map.key(), &map.value(), entries)?,
        _ => return Err(Wrong),
    })
}

fn maybe(ty: Option<&Type>, val: Option<&Val>) -> Result<Value, Wrong> {
    match (ty, val) {
        (Some(ty), Some(val)) => write(ty, val),
        (None, None) => Ok(Value::Null),
        _ => Err(Wrong),
    }
}

fn single(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}

fn elements(ty: &Type, items: &[Val]) -> Result<Value, Wrong> {
    if *ty != Type::U8 {
        let items = items.iter().map(|item| write(ty, item));
        return Ok(Value::Array(items.collect::<Result<_, _>>()?));
    }
    let bytes: Vec<u8> = items
        .iter()
        .map(|item| {
            if let Val::U8(byte) = item {
                Ok(*byte)
            } else {
                Err(Wrong)
            }
        })
        .collect::<Result<_, _>>()?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(error) => single("base64", json!(BASE64_STANDARD.encode(error.as_bytes()))),
    })
}

fn map_entries(key_ty: &Type, value_ty: &Type, entries: &[(Val, Val)]) -> Result<Value, Wrong> {
    let mut object = Map::new();
    for (key, value) in entries {
        let name = match key {
            Val::String(text) => text.clone(),
            Val::Char(scalar) => scalar.to_string(),
            Val::Bool(value) => value.to_string(),
            Val::S8(number) => number.to_string(),
            Val::S16(number) => number.to_string(),
            Val::S32(number) => number.to_string(),
            Val::S64(number) => number.to_string(),
            Val::U8(number) => number.to_string(),
            Val::U16(number) => number.to_string(),
            Val::U32(number) => number.to_string(),
            Val::U64(number) => number.to_string(),
            _ => return pairs(key_ty, value_ty, entries),
        };
        object.insert(name, write(value_ty, value)?);
    }
    let named = matches!(
        key_ty,
        Type::String
            | Type::Char
            | Type::Bool
            | Type::S8
            | Type::S16
            | Type::S32
            | Type::S64
            | Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
    );
    Ok(if named {
        Value::Object(object)
    } else {
        json!([])
    })
}

fn pairs(key_ty: &Type, value_ty: &Type, entries: &[(Val, Val)]) -> Result<Value, Wrong> {
    let pairs = entries.iter().map(|(key, value)| {
        Ok(Value::Array(vec![
            write(key_ty, key)?,
            write(value_ty, value)?,
        ]))
    });
    Ok(Value::Array(pairs.collect::<Result<_, _>>()?))
}

fn integer(number: i128) -> Value {
    match Number::from_i128(number) {
        Some(exact) if (-EXACT..=EXACT).contains(&number) => Value::Number(exact),
        _ => Value::String(number.to_string()),
    }
}

fn float(number: f64) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => json!("nan"),
        None if number > 0.0 => json!("inf"),
        None => json!("-inf"),
    }
}

/// The double whose shortest digits are the single's: 0.1, not 0.10000000149011612.
fn widen(number: f32) -> f64 {
    match number.to_string().parse::<f64>() {
        Ok(wide) if wide as f32 == number => wide,
        _ => f64::from(number),
    }
}
