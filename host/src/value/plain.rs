//! Values without types, each with its place in the file it came from.
//!
//! Plans are TOML, YAML or JSON. All become this tree, so that types are checked in one place and an error
//! can point into the file, whichever notation it has.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mismatch::Mismatch;

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Plain,
    /// Its bytes in the source; none if it was not read from a text of this notation.
    pub span: Option<Range<usize>>,
}

/// A value whose type nobody has asked for yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// JSON's and YAML's null. TOML has none.
    Null,
    /// True or false.
    Bool(bool),
    /// A number written without fraction and exponent.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// A text. TOML's dates and times are texts, too: WIT has no such types.
    Text(String),
    /// Values in their order.
    List(Vec<Node>),
    /// Values with names, in the order of the source.
    Table(Vec<(Key, Node)>),
}

/// A name in a table and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The name.
    pub name: String,
    /// Its bytes in the source.
    pub span: Option<Range<usize>>,
}

impl Node {
    /// A value that was written nowhere.
    pub fn new(value: Plain) -> Self {
        Self { value, span: None }
    }

    /// The value below this key, if this is a table that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        let Plain::Table(entries) = &self.value else {
            return None;
        };
        entries
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(_, node)| node)
    }

    /// From a TOML value. An error is a number that no notation of ours can hold: the parser leaves numbers
    /// as they were written.
    pub fn from_toml(value: &Spanned<DeValue<'_>>) -> Result<Self, Mismatch> {
        let span = value.span();
        let plain = match value.get_ref() {
            DeValue::String(text) => Plain::Text(text.to_string()),
            DeValue::Boolean(value) => Plain::Bool(*value),
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
                .map(Plain::Int)
                .map_err(|_| out_of_range("an integer of at most 128 bits", number, &span))?,
            DeValue::Float(number) => number
                .as_str()
                .parse()
                .ok()
                .filter(|float: &f64| float.is_finite() || number.as_str().ends_with(['f', 'n']))
                .map(Plain::Float)
                .ok_or_else(|| out_of_range("a float of at most 64 bits", number, &span))?,
            DeValue::Datetime(moment) => Plain::Text(moment.to_string()),
            DeValue::Array(items) => Plain::List(
                items
                    .iter()
                    .map(Self::from_toml)
                    .collect::<Result<_, _>>()?,
            ),
            DeValue::Table(table) => Self::from_toml_table(table)?,
        };
        Ok(Self {
            value: plain,
            span: Some(span),
        })
    }

    fn from_toml_table(table: &DeTable<'_>) -> Result<Plain, Mismatch> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key = Key {
                name: key.get_ref().to_string(),
                span: Some(key.span()),
            };
            let node = Self::from_toml(value).map_err(|mismatch| mismatch.within(&key.name))?;
            entries.push((key, node));
        }
        // The parser sorts by name; a person sees the file.
        entries.sort_by_key(|(key, _)| key.span.as_ref().map(|span| span.start));
        Ok(Plain::Table(entries))
    }
}

fn out_of_range(expected: &str, number: &dyn fmt::Display, span: &Range<usize>) -> Mismatch {
    Mismatch {
        path: String::new(),
        span: Some(span.clone()),
        expected: expected.into(),
        found: number.to_string(),
        suggestion: None,
    }
}

impl From<serde_json::Value> for Node {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value;
        Self::new(match value {
            Value::Null => Plain::Null,
            Value::Bool(value) => Plain::Bool(value),
            Value::Number(number) => match (number.as_i128(), number.as_f64()) {
                (Some(number), _) => Plain::Int(number),
                // JSON has no other numbers, unless serde_json is built to keep any precision.
                (None, float) => Plain::Float(float.unwrap_or(f64::NAN)),
            },
            Value::String(text) => Plain::Text(text),
            Value::Array(items) => Plain::List(items.into_iter().map(Self::from).collect()),
            Value::Object(entries) => Plain::Table(
                entries
                    .into_iter()
                    .map(|(name, value)| (Key { name, span: None }, Self::from(value)))
                    .collect(),
            ),
        })
    }
}

/// What it is, for an error: `the text "aply"`, `a list of 3`.
impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(number) => write!(f, "the integer {number}"),
            Self::Float(number) => write!(f, "the float {number:?}"),
            Self::Text(text) if text.chars().count() > 40 => {
                let start: String = text.chars().take(37).collect();
                write!(f, "the text {:?}", format!("{start}..."))
            }
            Self::Text(text) => write!(f, "the text {text:?}"),
            Self::List(items) => write!(f, "a list of {}", items.len()),
            Self::Table(entries) if entries.is_empty() => f.write_str("an empty table"),
            Self::Table(entries) => {
                let names: Vec<_> = entries
                    .iter()
                    .take(4)
                    .map(|(key, _)| key.name.as_str())
                    .collect();
                let more = if entries.len() > 4 { ", ..." } else { "" };
                write!(f, "a table with {}{more}", names.join(", "))
            }
        }
    }
}
