//! A type in WIT syntax, as short as an error line wants it.
//!
//! Reflection knows the structure of a type but not its name, so records and variants are written out
//! with their parts. What nests deep or has many parts is cut with `...`, which no valid WIT contains: a
//! cut description cannot be mistaken for a whole one.

use wasmtime::component::Type;

/// How deep parts in braces are written out.
const DEPTH: usize = 4;

/// After so many bytes no further part is begun, and no further brace opened.
const LENGTH: usize = 240;

/// The type in WIT syntax: `list<u8>`, `record { path: string, mode: option<u32> }`.
///
/// At most some 300 bytes long, unless a single name of the type is longer than that.
pub fn describe(ty: &Type) -> String {
    let mut out = String::new();
    write(&mut out, ty, 0);
    out
}

/// The parameters of a function, as its WIT shows them: `path: string, mode: option<u32>`.
pub fn describe_params<N: AsRef<str>>(params: &[(N, Type)]) -> String {
    let mut out = String::new();
    let params = params
        .iter()
        .map(|(name, ty)| (name.as_ref(), Some(ty.clone())));
    parts(&mut out, params, 0, ": ", "");
    out
}

fn write(out: &mut String, ty: &Type, depth: usize) {
    let plain = match ty {
        Type::Bool => "bool",
        Type::S8 => "s8",
        Type::U8 => "u8",
        Type::S16 => "s16",
        Type::U16 => "u16",
        Type::S32 => "s32",
        Type::U32 => "u32",
        Type::S64 => "s64",
        Type::U64 => "u64",
        Type::Float32 => "f32",
        Type::Float64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        // Reflection does not know what a resource is called.
        Type::Own(_) => "own<resource>",
        Type::Borrow(_) => "borrow<resource>",
        _ => return compound(out, ty, depth),
    };
    out.push_str(plain);
}

fn compound(out: &mut String, ty: &Type, depth: usize) {
    match ty {
        Type::List(list) => angle(out, "list", [Some(list.ty())], depth),
        Type::FixedLengthList(list) => {
            out.push_str("list<");
            write(out, &list.ty(), depth + 1);
            out.push_str(&format!(", {}>", list.len()));
        }
        Type::Map(map) => angle(out, "map", [Some(map.key()), Some(map.value())], depth),
        Type::Option(option) => angle(out, "option", [Some(option.ty())], depth),
        Type::Stream(stream) => angle(out, "stream", [stream.ty()], depth),
        Type::Future(future) => angle(out, "future", [future.ty()], depth),
        Type::Tuple(tuple) => angle(out, "tuple", tuple.types().map(Some), depth),
        Type::Result(result) => match (result.ok(), result.err()) {
            (ok, None) => angle(out, "result", [ok], depth),
            (ok, err) => angle(out, "result", [ok, err], depth),
        },
        Type::Record(record) => {
            let fields = record.fields().map(|field| (field.name, Some(field.ty)));
            braces(out, "record", fields, depth, ": ", "");
        }
        Type::Variant(variant) => {
            let cases = variant.cases().map(|case| (case.name, case.ty));
            braces(out, "variant", cases, depth, "(", ")");
        }
        Type::Enum(names) => {
            braces(
                out,
                "enum",
                names.names().map(|name| (name, None)),
                depth,
                "",
                "",
            );
        }
        Type::Flags(names) => {
            braces(
                out,
                "flags",
                names.names().map(|name| (name, None)),
                depth,
                "",
                "",
            );
        }
        // The plain types never come here.
        _ => out.push_str("..."),
    }
}

/// `name<a, b>`. A missing argument in front of another is `_`; with none at all the name stands alone.
fn angle(
    out: &mut String,
    name: &str,
    arguments: impl IntoIterator<Item = Option<Type>>,
    depth: usize,
) {
    out.push_str(name);
    let mut begun = false;
    let mut arguments = arguments.into_iter().peekable();
    while let Some(argument) = arguments.next() {
        if argument.is_none() && !begun && arguments.peek().is_none() {
            return;
        }
        out.push_str(if begun { ", " } else { "<" });
        begun = true;
        match argument {
            None => out.push('_'),
            Some(_) if out.len() > LENGTH => {
                out.push_str("...");
                break;
            }
            Some(ty) => write(out, &ty, depth + 1),
        }
    }
    out.push_str(if begun { ">" } else { "<>" });
}

/// `name { a: x, b: y }`
fn braces<'a>(
    out: &mut String,
    name: &str,
    items: impl ExactSizeIterator<Item = (&'a str, Option<Type>)>,
    depth: usize,
    open: &str,
    close: &str,
) {
    out.push_str(name);
    if depth >= DEPTH || out.len() > LENGTH {
        out.push_str(" { ... }");
        return;
    }
    out.push_str(" { ");
    parts(out, items, depth, open, close);
    out.push_str(" }");
}

/// `a: x, b: y`: each item's name, then its type between `open` and `close`.
fn parts<'a>(
    out: &mut String,
    items: impl ExactSizeIterator<Item = (&'a str, Option<Type>)>,
    depth: usize,
    open: &str,
    close: &str,
) {
    let count = items.len();
    for (at, (name, ty)) in items.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        if out.len() > LENGTH && at > 0 {
            out.push_str(&format!("... {} more", count - at));
            return;
        }
        out.push_str(name);
        if let Some(ty) = ty {
            out.push_str(open);
            write(out, &ty, depth + 1);
            out.push_str(close);
        }
    }
}
