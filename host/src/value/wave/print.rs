//! A value in WAVE.

use std::fmt::{Display, Write as _};

use wasmtime::component::Val;
use wasmtime::component::wasm_wave::lex::Keyword;

/// The value in WAVE, as `wasmtime run --invoke` prints it; a map is a list of pairs.
///
/// What cannot be written down is shown as `<stream>` and the like, which is not WAVE.
pub fn to_wave(val: &Val) -> String {
    let mut out = String::new();
    write(&mut out, val);
    out
}

fn write(out: &mut String, val: &Val) {
    match val {
        Val::Bool(value) => push(out, value),
        Val::S8(number) => push(out, number),
        Val::S16(number) => push(out, number),
        Val::S32(number) => push(out, number),
        Val::S64(number) => push(out, number),
        Val::U8(number) => push(out, number),
        Val::U16(number) => push(out, number),
        Val::U32(number) => push(out, number),
        Val::U64(number) => push(out, number),
        Val::Float32(number) if number.is_nan() => out.push_str("nan"),
        Val::Float32(number) if tiny_or_huge((*number).into()) => {
            push(out, format_args!("{number:e}"));
        }
        Val::Float32(number) => push(out, number),
        Val::Float64(number) if number.is_nan() => out.push_str("nan"),
        Val::Float64(number) if tiny_or_huge(*number) => push(out, format_args!("{number:e}")),
        Val::Float64(number) => push(out, number),
        Val::Char(scalar) => quoted(out, '\'', [*scalar]),
        Val::String(text) => quoted(out, '"', text.chars()),
        Val::List(items) | Val::FixedLengthList(items) => separated(out, '[', items, ']', write),
        Val::Tuple(items) => separated(out, '(', items, ')', write),
        Val::Map(entries) => separated(out, '[', entries, ']', |out, (key, value)| {
            separated(out, '(', [key, value], ')', write);
        }),
        Val::Record(fields) => {
            // An option that is none is left out; a record with nothing in it must not look like flags.
            let there = fields
                .iter()
                .filter(|(_, value)| !matches!(value, Val::Option(None)));
            if there.clone().next().is_none() {
                return out.push_str("{:}");
            }
            separated(out, '{', there, '}', |out, (name, value)| {
                push(out, format_args!("{name}: "));
                write(out, value);
            });
        }
        Val::Flags(names) => separated(out, '{', names, '}', |out, name| out.push_str(name)),
        Val::Enum(name) => case(out, &escaped(name), None),
        Val::Variant(name, payload) => case(out, &escaped(name), payload.as_deref()),
        Val::Option(None) => out.push_str("none"),
        Val::Option(Some(inner)) => case(out, "some", Some(inner)),
        Val::Result(Ok(payload)) => case(out, "ok", payload.as_deref()),
        Val::Result(Err(payload)) => case(out, "err", payload.as_deref()),
        Val::Resource(_) => out.push_str("<resource>"),
        Val::Stream(_) => out.push_str("<stream>"),
        Val::Future(_) => out.push_str("<future>"),
        Val::ErrorContext(_) => out.push_str("<error-context>"),
    }
}

fn push(out: &mut String, value: impl Display) {
    // Writing to a String does not fail.
    let _ = write!(out, "{value}");
}

fn separated<T>(
    out: &mut String,
    open: char,
    items: impl IntoIterator<Item = T>,
    close: char,
    mut write: impl FnMut(&mut String, T),
) {
    out.push(open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write(out, item);
    }
    out.push(close);
}

fn case(out: &mut String, name: &str, payload: Option<&Val>) {
    out.push_str(name);
    if let Some(payload) = payload {
        separated(out, '(', [payload], ')', write);
    }
}

/// A case's name, marked if WAVE would read another value in it.
fn escaped(name: &str) -> String {
    let mark = if Keyword::decode(name).is_some() {
        "%"
    } else {
        ""
    };
    format!("{mark}{name}")
}

fn quoted(out: &mut String, quote: char, scalars: impl IntoIterator<Item = char>) {
    out.push(quote);
    for scalar in scalars {
        match scalar {
            '\\' | '"' | '\'' | '\t' | '\r' | '\n' => out.extend(scalar.escape_default()),
            _ if scalar.is_control() => out.extend(scalar.escape_unicode()),
            _ => out.extend(scalar.escape_debug()),
        }
    }
    out.push(quote);
}

/// Whether the digits of a float are mostly zeros, so that an exponent says more.
fn tiny_or_huge(number: f64) -> bool {
    number.is_finite() && number != 0.0 && !(1e-7..1e17).contains(&number.abs())
}
