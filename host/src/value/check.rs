//! What the readers of plans and of WAVE do alike.
//!
//! A [`Checker`] knows where in the value its reader is and collects what is wrong. A reader's functions
//! return `None` once they have reported something, and go on with the value's other parts.

use std::fmt::{Display, Write as _};
use std::ops::Range;

use runtime::value::describe;
use wasmtime::component::types::Record;
use wasmtime::component::{Type, Val};

use super::mismatch::Mismatch;
use super::nearest;

/// A place in the source, if the value has one.
pub(super) type Span = Option<Range<usize>>;

#[derive(Default)]
pub(super) struct Checker {
    path: String,
    mismatches: Vec<Mismatch>,
}

impl Checker {
    /// The value, or all that is wrong with it.
    pub(super) fn finish<T>(self, val: Option<T>) -> Result<T, Vec<Mismatch>> {
        match val {
            Some(val) if self.mismatches.is_empty() => Ok(val),
            _ => Err(self.mismatches),
        }
    }

    /// Reports that something else was expected. Returns `None` for the reader to return.
    pub(super) fn mismatch<T>(
        &mut self,
        span: Span,
        expected: impl Into<String>,
        found: impl Into<String>,
        suggestion: Option<String>,
    ) -> Option<T> {
        self.mismatches.push(Mismatch {
            path: self.path.clone(),
            span,
            expected: expected.into(),
            found: found.into(),
            suggestion,
        });
        None
    }

    /// Reports a type whose values nobody can write.
    pub(super) fn unsupported<T>(&mut self, span: Span, ty: &Type) -> Option<T> {
        let found = format!("values of type {} cannot travel here", describe(ty));
        self.mismatch(span, "", found, None)
    }
}

/// A reader that checks with a [`Checker`].
pub(super) trait Check {
    fn checker(&mut self) -> &mut Checker;

    /// Reads a part of the value, with this segment added to the path.
    fn within<T>(&mut self, segment: impl Display, read: impl FnOnce(&mut Self) -> T) -> T {
        let path = &mut self.checker().path;
        let outside = path.len();
        // Writing to a String does not fail.
        let _ = write!(path, "{segment}");
        if outside == 0 && path.starts_with('.') {
            path.remove(0);
        }
        let result = read(self);
        self.checker().path.truncate(outside);
        result
    }

    /// Reads each part of a sequence; `None` if one of them was wrong.
    fn each<I, T>(
        &mut self,
        parts: impl IntoIterator<Item = I>,
        mut read: impl FnMut(&mut Self, I) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut read_all = true;
        let mut vals = Vec::new();
        for (at, part) in parts.into_iter().enumerate() {
            match self.within(format_args!("[{at}]"), |this| read(this, part)) {
                Some(val) => vals.push(val),
                None => read_all = false,
            }
        }
        read_all.then_some(vals)
    }

    /// Reads a record from entries with names, of which the n-th has the n-th of `keys`. An option may
    /// have no entry.
    fn record(
        &mut self,
        span: Span,
        record: &Record,
        keys: &[(&str, Span)],
        mut read: impl FnMut(&mut Self, usize, &Type) -> Option<Val>,
    ) -> Option<Val> {
        let names: Vec<&str> = record.fields().map(|field| field.name).collect();
        let mut entries = vec![None; names.len()];
        let mut meant = Vec::new();
        let mut right = true;
        for (entry, (key, key_span)) in keys.iter().enumerate() {
            let found = match names.iter().position(|name| same(name, key)) {
                Some(field) if entries[field].is_none() => {
                    entries[field] = Some(entry);
                    continue;
                }
                Some(field) => (
                    format!("the key {key}, which says {} again", names[field]),
                    None,
                ),
                None => {
                    let near = nearest(key, names.iter().copied());
                    meant.extend(near);
                    (format!("the unknown key {key}"), near.map(str::to_owned))
                }
            };
            right = false;
            let expected = describe(&Type::Record(record.clone()));
            self.checker()
                .mismatch::<()>(key_span.clone(), expected, found.0, found.1);
        }
        let mut missing = Vec::new();
        let mut values = Vec::with_capacity(names.len());
        for (field, entry) in record.fields().zip(entries) {
            let value = match (entry, &field.ty) {
                (Some(entry), ty) => self.within(format_args!(".{}", field.name), |this| {
                    read(this, entry, ty)
                }),
                (None, Type::Option(_)) => Some(Val::Option(None)),
                (None, _) => {
                    // A mistyped key was reported with the name that it stands for.
                    if !meant.contains(&field.name) {
                        missing.push(field.name);
                    }
                    None
                }
            };
            match value {
                Some(value) => values.push((field.name.to_owned(), value)),
                None => right = false,
            }
        }
        if !missing.is_empty() {
            let found = format!("no value for {}", list(&missing));
            return self.checker().mismatch(
                span,
                describe(&Type::Record(record.clone())),
                found,
                None,
            );
        }
        right.then_some(Val::Record(values))
    }

    /// The position of a name among those that a type knows. `found` says what the name was.
    fn name(
        &mut self,
        span: Span,
        ty: &Type,
        names: &[&str],
        name: &str,
        found: impl FnOnce() -> (String, fn(&str) -> String),
    ) -> Option<usize> {
        names
            .iter()
            .position(|known| same(known, name))
            .or_else(|| {
                let (found, write) = found();
                let suggestion = nearest(name, names.iter().copied()).map(write);
                self.checker()
                    .mismatch(span, describe(ty), found, suggestion)
            })
    }

    /// An integer of an integer type.
    fn integer(&mut self, span: Span, ty: &Type, number: i128, found: String) -> Option<Val> {
        let (val, range) = match ty {
            Type::S8 => (number.try_into().ok().map(Val::S8), "-128 to 127"),
            Type::S16 => (number.try_into().ok().map(Val::S16), "-32768 to 32767"),
            Type::S32 => (number.try_into().ok().map(Val::S32), "-2^31 to 2^31 - 1"),
            Type::S64 => (number.try_into().ok().map(Val::S64), "-2^63 to 2^63 - 1"),
            Type::U8 => (number.try_into().ok().map(Val::U8), "0 to 255"),
            Type::U16 => (number.try_into().ok().map(Val::U16), "0 to 65535"),
            Type::U32 => (number.try_into().ok().map(Val::U32), "0 to 2^32 - 1"),
            _ => (number.try_into().ok().map(Val::U64), "0 to 2^64 - 1"),
        };
        val.or_else(|| {
            self.checker()
                .mismatch(span, format!("{} ({range})", describe(ty)), found, None)
        })
    }

    /// The payload of a case, read by `read` if there is one. `None` inside means that there is none.
    #[expect(
        clippy::option_option,
        reason = "the outer one says whether it was right"
    )]
    fn payload(
        &mut self,
        span: Span,
        whole: &Type,
        (case, ty): (&str, Option<&Type>),
        there: bool,
        read: impl FnOnce(&mut Self, &Type) -> Option<Val>,
    ) -> Option<Option<Box<Val>>> {
        match (ty, there) {
            (Some(ty), true) => self
                .within(format_args!(".{case}"), |this| read(this, ty))
                .map(|val| Some(Box::new(val))),
            (None, false) => Some(None),
            (Some(ty), false) => {
                let found = format!("the case {case} without its {}", describe(ty));
                self.checker().mismatch(span, describe(whole), found, None)
            }
            (None, true) => {
                let found = format!("a payload for the case {case}, which has none");
                self.checker().mismatch(span, describe(whole), found, None)
            }
        }
    }
}

/// Whether a name is the one that WIT writes with `-`.
pub(super) fn same(wit: &str, name: &str) -> bool {
    wit.len() == name.len()
        && wit
            .bytes()
            .zip(name.bytes())
            .all(|(wit, byte)| wit == byte || (wit == b'-' && byte == b'_'))
}

/// `a`, `a and b`, `a, b and c`
pub(super) fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Those of the flags whose positions are given, in the order of the type.
pub(super) fn flag_set(names: &[&str], positions: &[usize]) -> Val {
    let set = names
        .iter()
        .enumerate()
        .filter(|(at, _)| positions.contains(at));
    Val::Flags(set.map(|(_, name)| (*name).to_owned()).collect())
}
