//! From WAVE's syntax tree to a value of a type.

use std::str::FromStr;

use runtime::value::describe;
use wasmtime::component::types::{OptionType, ResultType};
use wasmtime::component::wasm_wave::ast::{Node, NodeType};
use wasmtime::component::{Type, Val};

use crate::value::check::{Check, Checker, Span, flag_set};
use crate::value::mismatch::Mismatch;

/// Reads a value of this type, or says all that is wrong with it. `src` is the text that the tree was
/// made from.
pub(super) fn to_val(node: &Node, ty: &Type, src: &str) -> Result<Val, Vec<Mismatch>> {
    let mut reader = Reader {
        src,
        checker: Checker::default(),
    };
    let val = reader.value(node, ty);
    reader.checker.finish(val)
}

struct Reader<'a> {
    src: &'a str,
    checker: Checker,
}

impl Check for Reader<'_> {
    fn checker(&mut self) -> &mut Checker {
        &mut self.checker
    }
}

impl<'a> Reader<'a> {
    fn value(&mut self, node: &Node, ty: &Type) -> Option<Val> {
        match ty {
            Type::Bool => match node.as_bool() {
                Ok(value) => Some(Val::Bool(value)),
                Err(_) => self.wrong(node, ty),
            },
            Type::Float32 => self.float(node, ty, f32::is_infinite).map(Val::Float32),
            Type::Float64 => self.float(node, ty, f64::is_infinite).map(Val::Float64),
            Type::Char => match node.as_char(self.src) {
                Ok(scalar) => Some(Val::Char(scalar)),
                Err(_) => self.wrong(node, ty),
            },
            Type::String => self.text(node, ty).map(Val::String),
            Type::Enum(_) | Type::Flags(_) | Type::Variant(_) => self.named(node, ty),
            Type::Option(option) => self.option(node, option),
            Type::Result(result) => self.result(node, ty, result),
            Type::List(_)
            | Type::FixedLengthList(_)
            | Type::Tuple(_)
            | Type::Record(_)
            | Type::Map(_) => self.parts(node, ty),
            // A stream is written as a list, and a future as its value.
            Type::Stream(stream) if stream.ty().is_some() => {
                let items = self.elements(node, ty, &stream.ty()?);
                items.map(Val::List)
            }
            Type::Future(future) if future.ty().is_some() => self.value(node, &future.ty()?),
            // A resource is written as its number.
            Type::Own(_) | Type::Borrow(_) => self.value(node, &Type::U64),
            Type::Stream(_) | Type::Future(_) | Type::ErrorContext => {
                self.checker.unsupported(Some(node.span()), ty)
            }
            _ => match node.as_number(self.src) {
                Ok(number) => self.integer(Some(node.span()), ty, number, self.found(node)),
                Err(_) => self.wrong(node, ty),
            },
        }
    }

    /// A value that is made of several others.
    fn parts(&mut self, node: &Node, ty: &Type) -> Option<Val> {
        match ty {
            Type::List(list) => self.elements(node, ty, &list.ty()).map(Val::List),
            Type::FixedLengthList(list) => {
                let items = self.elements(node, ty, &list.ty())?;
                if items.len() != list.len() as usize {
                    let found = format!("{} elements", items.len());
                    return self
                        .checker
                        .mismatch(Some(node.span()), describe(ty), found, None);
                }
                Some(Val::FixedLengthList(items))
            }
            Type::Tuple(tuple) => match node.as_tuple() {
                Ok(items) if items.len() == tuple.types().len() => {
                    let parts = tuple.types().zip(items);
                    self.each(parts, |this, (ty, item)| this.value(item, &ty))
                        .map(Val::Tuple)
                }
                _ => self.wrong(node, ty),
            },
            Type::Record(record) => {
                let Ok(entries) = node.as_record(self.src) else {
                    return self.wrong(node, ty);
                };
                let entries: Vec<_> = entries.collect();
                let keys: Vec<_> = entries
                    .iter()
                    .map(|(key, _)| (*key, self.span_of(key)))
                    .collect();
                self.record(Some(node.span()), record, &keys, |this, entry, ty| {
                    this.value(entries[entry].1, ty)
                })
            }
            Type::Map(map) => {
                let Ok(items) = node.as_list() else {
                    return self.wrong(node, ty);
                };
                let (key_ty, value_ty) = (map.key(), map.value());
                let entries = self.each(items, |this, item| {
                    let parts: Vec<&Node> = item.as_tuple().into_iter().flatten().collect();
                    let [key, value] = parts.as_slice() else {
                        let (span, found) = (Some(item.span()), this.found(item));
                        return this.checker.mismatch(span, "(key, value)", found, None);
                    };
                    let key = this.value(key, &key_ty);
                    Some((key?, this.value(value, &value_ty)?))
                });
                entries.map(Val::Map)
            }
            _ => self.wrong(node, ty),
        }
    }

    /// A value that is one of its type's names, or several of them.
    fn named(&mut self, node: &Node, ty: &Type) -> Option<Val> {
        match ty {
            Type::Variant(variant) => {
                let Ok((name, payload)) = node.as_variant(self.src) else {
                    return self.wrong(node, ty);
                };
                let cases: Vec<_> = variant.cases().map(|case| (case.name, case.ty)).collect();
                let names: Vec<_> = cases.iter().map(|(name, _)| *name).collect();
                let at = self.label(ty, &names, name)?;
                let case = (names[at], cases[at].1.as_ref());
                let payload = self.maybe(node, ty, case, payload)?;
                Some(Val::Variant(names[at].to_owned(), payload))
            }
            Type::Enum(names) => {
                let Ok(name) = node.as_enum(self.src) else {
                    return self.wrong(node, ty);
                };
                let names: Vec<_> = names.names().collect();
                let at = self.label(ty, &names, name)?;
                Some(Val::Enum(names[at].to_owned()))
            }
            Type::Flags(names) => {
                let Ok(labels) = node.as_flags(self.src) else {
                    return self.wrong(node, ty);
                };
                let labels: Vec<_> = labels.map(|label| label.trim_start_matches('%')).collect();
                let names: Vec<_> = names.names().collect();
                let mut set = Vec::with_capacity(labels.len());
                for label in &labels {
                    set.extend(self.label(ty, &names, label));
                }
                (set.len() == labels.len()).then(|| flag_set(&names, &set))
            }
            _ => self.wrong(node, ty),
        }
    }

    fn wrong<T>(&mut self, node: &Node, ty: &Type) -> Option<T> {
        let found = self.found(node);
        // A text in quotes where a bare word is wanted, or the other way round, is the usual slip.
        let inner = self.src[node.span()].trim_matches('"');
        let suggestion = match (ty, node.ty()) {
            (Type::String, NodeType::Label | NodeType::Number | NodeType::Char) => {
                Some(format!("\"{}\"", inner.trim_matches('\'')))
            }
            (Type::Enum(names), NodeType::String) if names.names().any(|name| name == inner) => {
                Some(inner.to_owned())
            }
            _ => None,
        };
        self.checker
            .mismatch(Some(node.span()), describe(ty), found, suggestion)
    }

    fn found(&self, node: &Node) -> String {
        let what = match node.ty() {
            NodeType::Number => "the number ",
            NodeType::Char => "the char ",
            NodeType::String => "the text ",
            NodeType::MultilineString => return "a text of several lines".into(),
            NodeType::Tuple => "the tuple ",
            NodeType::List => "the list ",
            NodeType::Record => "the record ",
            NodeType::Flags => "the flags ",
            _ => "",
        };
        let text = &self.src[node.span()];
        if text.chars().count() <= 40 && !text.contains('\n') {
            return format!("{what}{text}");
        }
        let start: String = text
            .chars()
            .take(37)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        format!("{what}{start}...")
    }

    /// Where a part of the source lies in it.
    fn span_of(&self, part: &str) -> Span {
        let start = (part.as_ptr() as usize).checked_sub(self.src.as_ptr() as usize)?;
        Some(start..start + part.len())
    }

    fn label(&mut self, ty: &Type, names: &[&str], label: &'a str) -> Option<usize> {
        self.name(self.span_of(label), ty, names, label, || {
            (label.to_owned(), str::to_owned)
        })
    }

    fn float<T: FromStr + Copy>(
        &mut self,
        node: &Node,
        ty: &Type,
        is_infinite: fn(T) -> bool,
    ) -> Option<T> {
        match node.as_number(self.src) {
            // Too large a number would silently become infinite.
            Ok(number) if !is_infinite(number) || self.src[node.span()].ends_with("inf") => {
                Some(number)
            }
            _ => self.wrong(node, ty),
        }
    }

    fn text(&mut self, node: &Node, ty: &Type) -> Option<String> {
        match node.as_str(self.src) {
            Ok(text) => Some(text.into_owned()),
            Err(error) if is_text(node) => {
                let found = error
                    .detail()
                    .unwrap_or("a text with a wrong escape")
                    .to_owned();
                self.checker
                    .mismatch(Some(error.span()), describe(ty), found, None)
            }
            Err(_) => self.wrong(node, ty),
        }
    }

    fn elements(&mut self, node: &Node, list: &Type, element: &Type) -> Option<Vec<Val>> {
        match node.as_list() {
            Ok(items) => self.each(items, |this, item| this.value(item, element)),
            Err(_) if *element == Type::U8 && is_text(node) => {
                Some(self.text(node, list)?.bytes().map(Val::U8).collect())
            }
            Err(_) => self.wrong(node, list),
        }
    }

    fn option(&mut self, node: &Node, option: &OptionType) -> Option<Val> {
        let inner = option.ty();
        let val = match node.as_option() {
            Ok(None) => return Some(Val::Option(None)),
            Ok(Some(some)) => self.value(some, &inner),
            Err(_) if may_stand_alone(&inner) => self.value(node, &inner),
            Err(_) => self.wrong(node, &Type::Option(option.clone())),
        };
        Some(Val::Option(Some(Box::new(val?))))
    }

    fn result(&mut self, node: &Node, ty: &Type, result: &ResultType) -> Option<Val> {
        match (node.as_result(), result.ok()) {
            (Ok(Ok(payload)), ok) => {
                let payload = self.maybe(node, ty, ("ok", ok.as_ref()), payload)?;
                Some(Val::Result(Ok(payload)))
            }
            (Ok(Err(payload)), _) => {
                let payload = self.maybe(node, ty, ("err", result.err().as_ref()), payload)?;
                Some(Val::Result(Err(payload)))
            }
            (Err(_), Some(ok)) if may_stand_alone(&ok) => {
                Some(Val::Result(Ok(Some(Box::new(self.value(node, &ok)?)))))
            }
            _ => self.wrong(node, ty),
        }
    }

    fn maybe(
        &mut self,
        node: &Node,
        whole: &Type,
        case: (&str, Option<&Type>),
        payload: Option<&Node>,
    ) -> Option<Option<Box<Val>>> {
        let there = payload.unwrap_or(node);
        self.payload(
            Some(there.span()),
            whole,
            case,
            payload.is_some(),
            |this, ty| this.value(there, ty),
        )
    }
}

/// Whether `x` may be written for `some(x)` or `ok(x)`. Nested, nobody could say which one is meant.
fn may_stand_alone(ty: &Type) -> bool {
    !matches!(ty, Type::Option(_) | Type::Result(_))
}

fn is_text(node: &Node) -> bool {
    matches!(node.ty(), NodeType::String | NodeType::MultilineString)
}
