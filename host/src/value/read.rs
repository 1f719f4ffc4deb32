//! From a plan's value to a value of a type.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use runtime::value::describe;
use wasmtime::component::types::{OptionType, Variant};
use wasmtime::component::{Type, Val};

use super::check::{Check, Checker, flag_set};
use super::mismatch::Mismatch;
use super::plain::{Key, Node, Plain};

/// Reads a value of this type, or says all that is wrong with it.
///
/// `docs/VALUES.md` has the rules. Paths begin inside the value; [`Mismatch::within`] puts what is
/// outside in front of them.
pub fn to_val(node: &Node, ty: &Type) -> Result<Val, Vec<Mismatch>> {
    to_val_in("", node, ty)
}

/// The same for a value whose places are in this text: what was probably meant is told from what was
/// written there.
pub fn to_val_in(text: &str, node: &Node, ty: &Type) -> Result<Val, Vec<Mismatch>> {
    let mut reader = Reader {
        checker: Checker::default(),
        text,
    };
    let val = reader.value(node, ty);
    reader.checker.finish(val)
}

struct Reader<'a> {
    checker: Checker,
    text: &'a str,
}

impl Check for Reader<'_> {
    fn checker(&mut self) -> &mut Checker {
        &mut self.checker
    }
}

impl Reader<'_> {
    fn value(&mut self, node: &Node, ty: &Type) -> Option<Val> {
        match (ty, &node.value) {
            (Type::Bool, Plain::Bool(value)) => Some(Val::Bool(*value)),
            (Type::Float32 | Type::Float64, _) => self.float(node, ty),
            (Type::Char, Plain::Text(text)) => {
                let mut scalars = text.chars();
                match (scalars.next(), scalars.next()) {
                    (Some(scalar), None) => Some(Val::Char(scalar)),
                    _ => self.wrong(node, ty),
                }
            }
            (Type::String, Plain::Text(text)) => Some(Val::String(text.clone())),
            (Type::String, Plain::Int(number)) => {
                let found = node.value.to_string();
                let meant = self.quoted(node, *number);
                self.checker
                    .mismatch(node.span.clone(), describe(ty), found, meant)
            }
            (Type::String, Plain::Bool(value)) => self.wrong_but(node, ty, format!("\"{value}\"")),
            (Type::Enum(names), Plain::Text(text)) => {
                let names: Vec<_> = names.names().collect();
                let at = self.text_name(node, ty, &names, text)?;
                Some(Val::Enum(names[at].to_owned()))
            }
            (Type::Flags(names), Plain::List(items)) => {
                let names: Vec<_> = names.names().collect();
                let set = self.each(items, |this, item| match &item.value {
                    Plain::Text(text) => this.text_name(item, ty, &names, text),
                    _ => this.wrong(item, ty),
                })?;
                Some(flag_set(&names, &set))
            }
            (Type::Variant(variant), _) => self.variant(node, ty, variant),
            (Type::Option(option), _) => self.option(node, ty, option),
            (Type::Result(result), _) => {
                let cases = [("ok", result.ok()), ("err", result.err())];
                let (at, payload) = self.case(node, ty, &cases)?;
                Some(Val::Result(if at == 0 {
                    Ok(payload)
                } else {
                    Err(payload)
                }))
            }
            (
                Type::S8
                | Type::S16
                | Type::S32
                | Type::S64
                | Type::U8
                | Type::U16
                | Type::U32
                | Type::U64,
                _,
            ) => self.whole_number(node, ty),
            // A stream is written as a list, and a future as its value.
            (Type::Stream(stream), Plain::List(items))
                if stream.ty().is_some_and(|ty| ty != Type::U8) =>
            {
                let item = stream.ty()?;
                self.each(items, |this, each| this.value(each, &item))
                    .map(Val::List)
            }
            (Type::Stream(stream), _) if stream.ty() == Some(Type::U8) => {
                self.bytes(node, ty, None).map(Val::List)
            }
            (Type::Stream(stream), _) if stream.ty().is_some() => self.wrong(node, ty),
            (Type::Future(future), _) if future.ty().is_some() => self.value(node, &future.ty()?),
            // A resource is written as its number.
            (Type::Own(_) | Type::Borrow(_), _) => self.whole_number(node, &Type::U64),
            (Type::Stream(_) | Type::Future(_) | Type::ErrorContext, _) => {
                self.checker.unsupported(node.span.clone(), ty)
            }
            _ => self.parts(node, ty),
        }
    }

    /// A value that is made of several others.
    fn parts(&mut self, node: &Node, ty: &Type) -> Option<Val> {
        match (ty, &node.value) {
            (Type::List(list), _) if list.ty() == Type::U8 => {
                self.bytes(node, ty, None).map(Val::List)
            }
            (Type::FixedLengthList(list), _) if list.ty() == Type::U8 => self
                .bytes(node, ty, Some(list.len()))
                .map(Val::FixedLengthList),
            (Type::List(list), Plain::List(items)) => {
                let element = list.ty();
                self.each(items, |this, item| this.value(item, &element))
                    .map(Val::List)
            }
            (Type::FixedLengthList(list), Plain::List(items))
                if items.len() == list.len() as usize =>
            {
                let element = list.ty();
                let items = self.each(items, |this, item| this.value(item, &element));
                items.map(Val::FixedLengthList)
            }
            (Type::Tuple(tuple), Plain::List(items)) if items.len() == tuple.types().len() => {
                let parts = tuple.types().zip(items);
                self.each(parts, |this, (ty, item)| this.value(item, &ty))
                    .map(Val::Tuple)
            }
            (Type::Record(record), Plain::Table(entries)) => {
                let keys: Vec<_> = entries
                    .iter()
                    .map(|(key, _)| (key.name.as_str(), key.span.clone()))
                    .collect();
                self.record(node.span.clone(), record, &keys, |this, entry, ty| {
                    this.value(&entries[entry].1, ty)
                })
            }
            (Type::Map(map), _) => self.map(node, ty, &map.key(), &map.value()),
            _ => self.wrong(node, ty),
        }
    }

    fn wrong<T>(&mut self, node: &Node, ty: &Type) -> Option<T> {
        self.checker.mismatch(
            node.span.clone(),
            describe(ty),
            node.value.to_string(),
            None,
        )
    }

    fn wrong_but<T>(&mut self, node: &Node, ty: &Type, meant: String) -> Option<T> {
        let found = node.value.to_string();
        self.checker
            .mismatch(node.span.clone(), describe(ty), found, Some(meant))
    }

    /// A number with the quotes that it lacks. The mode 0o644 is "0644" and not "420", which is octal, too;
    /// so nothing is proposed unless it is known how the number was written.
    fn quoted(&self, node: &Node, number: i128) -> Option<String> {
        let Some(span) = &node.span else {
            return Some(format!("\"{number}\""));
        };
        let written = self.text.get(span.clone())?;
        if let Some(octal) = written.strip_prefix("0o") {
            let octal = octal.replace('_', "");
            return Some(format!("\"0{}\"", octal.trim_start_matches('0')));
        }
        let decimal: i128 = written.replace('_', "").parse().ok()?;
        Some(format!("\"{decimal}\""))
    }

    fn text_name(&mut self, node: &Node, ty: &Type, names: &[&str], text: &str) -> Option<usize> {
        self.name(node.span.clone(), ty, names, text, || {
            (node.value.to_string(), |near| format!("\"{near}\""))
        })
    }

    fn whole_number(&mut self, node: &Node, ty: &Type) -> Option<Val> {
        let number = match &node.value {
            Plain::Int(number) => *number,
            Plain::Text(text) => match (text.parse::<i128>(), ty) {
                // JSON output writes large numbers so.
                (Ok(number), Type::S64 | Type::U64) => number,
                (Ok(_), _) => return self.wrong_but(node, ty, unquoted(text)),
                (Err(_), _) => return self.wrong(node, ty),
            },
            _ => return self.wrong(node, ty),
        };
        self.integer(node.span.clone(), ty, number, node.value.to_string())
    }

    fn float(&mut self, node: &Node, ty: &Type) -> Option<Val> {
        let wide = match &node.value {
            Plain::Float(number) => *number,
            // Beyond 2^127 the cast back saturates, which no float equals.
            Plain::Int(number) if *number as f64 as i128 == *number => *number as f64,
            Plain::Text(text) => match text.as_str() {
                "nan" => f64::NAN,
                "inf" => f64::INFINITY,
                "-inf" => f64::NEG_INFINITY,
                text if text.parse::<f64>().is_ok() => {
                    return self.wrong_but(node, ty, text.to_owned());
                }
                _ => return self.wrong(node, ty),
            },
            _ => return self.wrong(node, ty),
        };
        if *ty == Type::Float64 {
            return Some(Val::Float64(wide));
        }
        let narrow = wide as f32;
        let exact = f64::from(narrow) == wide;
        match node.value {
            Plain::Int(_) if !exact => self.wrong(node, ty),
            _ if narrow.is_infinite() && !exact => self.wrong(node, ty),
            _ => Some(Val::Float32(narrow)),
        }
    }

    /// Bytes: a text, base64, or numbers.
    fn bytes(&mut self, node: &Node, ty: &Type, length: Option<u32>) -> Option<Vec<Val>> {
        let bytes = match &node.value {
            Plain::Text(text) => text.as_bytes().iter().copied().map(Val::U8).collect(),
            Plain::List(items) => self.each(items, |this, item| this.value(item, &Type::U8))?,
            Plain::Table(entries) => match entries.as_slice() {
                [
                    (
                        key,
                        Node {
                            value: Plain::Text(text),
                            span,
                        },
                    ),
                ] if key.name == "base64" => match BASE64_STANDARD.decode(text) {
                    Ok(bytes) => bytes.into_iter().map(Val::U8).collect(),
                    Err(error) => {
                        let found = format!("a text that is not ({error})");
                        return self.checker.mismatch(span.clone(), "base64", found, None);
                    }
                },
                _ => return self.wrong(node, ty),
            },
            _ => return self.wrong(node, ty),
        };
        match length {
            Some(length) if bytes.len() != length as usize => {
                let found = format!("{} bytes", bytes.len());
                self.checker
                    .mismatch(node.span.clone(), describe(ty), found, None)
            }
            _ => Some(bytes),
        }
    }

    fn option(&mut self, node: &Node, ty: &Type, option: &OptionType) -> Option<Val> {
        let inner = option.ty();
        let inner = match (&node.value, &inner) {
            (Plain::Null, _) => return Some(Val::Option(None)),
            // Null is taken by the outer one, so the inner one is put into a table, which reads like a record
            // with one field: left out, it is none.
            (Plain::Table(entries), Type::Option(_)) => match entries.as_slice() {
                [] => Some(Val::Option(None)),
                [(key, node)] if key.name == "some" => {
                    self.within(".some", |this| this.value(node, &inner))
                }
                _ => self.wrong(node, ty),
            },
            (_, Type::Option(_)) => self.wrong(node, ty),
            _ => self.value(node, &inner),
        };
        Some(Val::Option(Some(Box::new(inner?))))
    }

    fn variant(&mut self, node: &Node, ty: &Type, variant: &Variant) -> Option<Val> {
        let cases: Vec<_> = variant.cases().map(|case| (case.name, case.ty)).collect();
        let (at, payload) = self.case(node, ty, &cases)?;
        Some(Val::Variant(cases[at].0.to_owned(), payload))
    }

    /// A case from its name, or from a table with its name and payload.
    fn case(
        &mut self,
        node: &Node,
        ty: &Type,
        cases: &[(&str, Option<Type>)],
    ) -> Option<(usize, Option<Box<Val>>)> {
        let names: Vec<&str> = cases.iter().map(|(name, _)| *name).collect();
        let (at, payload) = match &node.value {
            Plain::Text(text) => (self.text_name(node, ty, &names, text)?, None),
            Plain::Table(entries) => match entries.as_slice() {
                [(Key { name, span }, payload)] => {
                    let at = self.name(span.clone(), ty, &names, name, || {
                        (format!("the unknown key {name}"), str::to_owned)
                    })?;
                    (at, Some(payload))
                }
                _ => return self.wrong(node, ty),
            },
            _ => return self.wrong(node, ty),
        };
        let (name, payload_ty) = &cases[at];
        let none = Node {
            value: Plain::Null,
            span: node.span.clone(),
        };
        let payload = match (payload_ty, payload) {
            (Some(Type::Option(_)), None) => Some(&none),
            // As JSON writes a result that has nothing to say.
            (
                None,
                Some(Node {
                    value: Plain::Null, ..
                }),
            ) => None,
            (_, payload) => payload,
        };
        let span = payload.map_or(&node.span, |payload| &payload.span).clone();
        let case = (*name, payload_ty.as_ref());
        let payload = self.payload(span, ty, case, payload.is_some(), |this, ty| {
            this.value(payload.unwrap_or(&none), ty)
        });
        Some((at, payload?))
    }

    fn map(&mut self, node: &Node, ty: &Type, key_ty: &Type, value_ty: &Type) -> Option<Val> {
        let entries = match &node.value {
            Plain::Table(entries) => self.each(entries, |this, (key, value)| {
                let key = this.key(key, key_ty);
                Some((key?, this.value(value, value_ty)?))
            }),
            Plain::List(items) => self.each(items, |this, item| match &item.value {
                Plain::List(pair) if pair.len() == 2 => {
                    let key = this.value(&pair[0], key_ty);
                    Some((key?, this.value(&pair[1], value_ty)?))
                }
                other => {
                    let found = other.to_string();
                    this.checker
                        .mismatch(item.span.clone(), "a key and a value", found, None)
                }
            }),
            _ => return self.wrong(node, ty),
        };
        entries.map(Val::Map)
    }

    /// A map's key, where the notation only has texts for keys.
    fn key(&mut self, key: &Key, ty: &Type) -> Option<Val> {
        let text = &key.name;
        let plain = match ty {
            Type::Bool => text.parse().map(Plain::Bool).ok(),
            Type::String | Type::Char => None,
            _ => text.parse().map(Plain::Int).ok(),
        };
        let node = Node {
            value: plain.unwrap_or_else(|| Plain::Text(text.clone())),
            span: key.span.clone(),
        };
        self.value(&node, ty)
    }
}

/// A number without the quotes it was written in: file modes, which are most of these, are octal.
fn unquoted(text: &str) -> String {
    match text.strip_prefix('0') {
        Some(octal)
            if octal.len() > 1 && octal.bytes().all(|digit| matches!(digit, b'0'..=b'7')) =>
        {
            format!("0o{octal}")
        }
        _ => text.to_owned(),
    }
}
