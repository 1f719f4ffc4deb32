//! An entry of a plan that a module's types accept, for people to fill in.

use crate::module::wit::{Field, Wit};
use std::cell::Cell;
use wit_parser::{Type, TypeDefKind};

/// The most values that an example has. Fixed-length lists in each other have more than there is memory, and the type comes from
/// whoever made the module.
const MOST: u32 = 1000;

/// An entry with all parameters that it must have.
pub(super) fn example(wit: &Wit, module: &str, params: &[Field]) -> String {
    let left = Cell::new(MOST);
    let table = table(
        wit,
        &left,
        params.iter().map(|field| (field.name.as_str(), field.ty)),
    );
    let is_path = module.contains('/') || module.contains('.');
    let module = match is_path {
        true => format!("use = \"{module}\"\nwith = {table}"),
        false => format!("{module} = {table}"),
    };
    format!("[[task]]\nname = \"what it is for\"\n{module}\n")
}

/// Options are left out.
fn table<'a>(wit: &Wit, left: &Cell<u32>, fields: impl Iterator<Item = (&'a str, Type)>) -> String {
    let needed = |ty: Type| !matches!(wit.resolved(ty), Some(TypeDefKind::Option(_)));
    let values = fields
        .filter(|(_, ty)| needed(*ty))
        .map(|(name, ty)| format!("{name} = {}", value(wit, left, ty)));
    let values: Vec<_> = values.collect();
    match values.as_slice() {
        [] => "{}".to_owned(),
        _ => format!("{{ {} }}", values.join(", ")),
    }
}

/// A value of a type, in TOML.
fn value(wit: &Wit, left: &Cell<u32>, ty: Type) -> String {
    let Some(rest) = left.get().checked_sub(1) else {
        return "1".to_owned();
    };
    left.set(rest);
    if let Some(value) = wit.grant_type(ty).and_then(resource) {
        return value.to_owned();
    }
    let list = |values: &[Type]| {
        let values: Vec<_> = values.iter().map(|ty| value(wit, left, *ty)).collect();
        format!("[{}]", values.join(", "))
    };
    let case = |name: &str, payload: Option<Type>| match payload {
        Some(ty) => format!("{{ {name} = {} }}", value(wit, left, ty)),
        None => format!("\"{name}\""),
    };
    match wit.bare(ty) {
        Type::Bool => return "true".to_owned(),
        Type::Char => return "\"x\"".to_owned(),
        Type::String => return "\"text\"".to_owned(),
        Type::F32 | Type::F64 => return "1.0".to_owned(),
        _ => {}
    }
    match wit.resolved(ty) {
        None => "1".to_owned(),
        Some(TypeDefKind::Record(record)) => {
            let fields = record.fields.iter();
            table(
                wit,
                left,
                fields.map(|field| (field.name.as_str(), field.ty)),
            )
        }
        Some(TypeDefKind::Variant(variant)) => {
            let first = variant.cases.first();
            first.map_or_else(String::new, |first| case(&first.name, first.ty))
        }
        Some(TypeDefKind::Enum(cases)) => {
            let first = cases.cases.first();
            first.map_or_else(String::new, |first| case(&first.name, None))
        }
        Some(TypeDefKind::Flags(flags)) => {
            let first = flags.flags.first();
            first.map_or_else(|| "[]".to_owned(), |first| format!("[\"{}\"]", first.name))
        }
        Some(TypeDefKind::Tuple(tuple)) => list(&tuple.types),
        Some(TypeDefKind::List(ty)) if wit.bare(*ty) == Type::U8 => "\"text\"".to_owned(),
        Some(TypeDefKind::List(ty)) => list(&[*ty]),
        Some(TypeDefKind::FixedLengthList(ty, length)) => {
            // A longer one is for nobody to read.
            list(&vec![*ty; (*length).min(64) as usize])
        }
        Some(TypeDefKind::Map(key, of)) => format!("[{}]", list(&[*key, *of])),
        Some(TypeDefKind::Option(ty)) => match wit.resolved(*ty) {
            Some(TypeDefKind::Option(_)) => "{}".to_owned(),
            _ => value(wit, left, *ty),
        },
        Some(TypeDefKind::Result(result)) => case("ok", result.ok),
        // No task has others.
        Some(_) => "[]".to_owned(),
    }
}

/// What names a resource, by the type that `zymogen:task/grants` gives it.
fn resource(grant: &str) -> Option<&'static str> {
    Some(match grant {
        "write-path" | "read-path" | "command-directory" => "\"/a/path/there\"",
        "address" => "\"host:443\"",
        "secret" => "\"a-secret-of-the-plan\"",
        "callee" => "\"ssh:host ./module.wasm\"",
        "service" => "\"a-service\"",
        "channel" => "\"a-channel\"",
        "source" => "\"a/file/here\"",
        "command-line" => "[\"program\", \"argument\"]",
        "command-input" => "\"text\"",
        "command-environment" => "[]",
        _ => return None,
    })
}
