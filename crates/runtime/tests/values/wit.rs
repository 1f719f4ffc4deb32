//! Types for tests: WIT text, or a tree of it, to the `Type`s that wasmtime reflects.

use std::fmt;

use wasmtime::component::{Component, Type, types::ComponentItem};
use wasmtime::{Config, Engine};

/// A type as WIT writes it.
#[derive(Clone, Debug)]
pub enum Wit {
    /// `u8`, `string`, `error-context` and all others without arguments.
    Plain(String),
    /// `list<a>`, `tuple<a, b>`, `result<_, e>`: the name and its arguments, `_` being none.
    Angle(&'static str, Vec<Option<Wit>>),
    /// `list<a, 4>`
    Fixed(Box<Wit>, u32),
    /// `record { a: b }`, `enum { a, b }`, `variant { a(b), c }`: the name and its parts.
    Braces(&'static str, Vec<(String, Option<Wit>)>),
}

/// An engine that knows every type that this version of wasmtime can reflect.
pub fn engine() -> Engine {
    let mut config = Config::new();
    config
        .wasm_component_model_map(true)
        .wasm_component_model_fixed_length_lists(true)
        .wasm_component_model_async(true)
        .wasm_component_model_error_context(true);
    Engine::new(&config).expect("a valid configuration")
}

/// One type, from WIT text.
pub fn ty(text: &str) -> Type {
    types(&engine(), &[parse(text)]).remove(0)
}

/// The types, reflected from a component that exports them.
pub fn types(engine: &Engine, wits: &[Wit]) -> Vec<Type> {
    let mut wat = Wat::default();
    for (at, wit) in wits.iter().enumerate() {
        let mut name = wat.define(wit);
        if !name.starts_with('$') {
            wat.text.push_str(&format!("(type $root{at} {name})\n"));
            name = format!("$root{at}");
        }
        wat.text
            .push_str(&format!("(export \"root{at}\" (type {name}))\n"));
    }
    let text = wat.component("");
    let component = component(engine, &text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let exports = component.component_type();
    (0..wits.len())
        .map(|at| {
            match exports
                .get_export(engine, &format!("root{at}"))
                .map(|found| found.ty)
            {
                Some(ComponentItem::Type(ty)) => ty,
                other => panic!("root{at} is {other:?}"),
            }
        })
        .collect()
}

/// Collects the definitions of a component in the text format.
#[derive(Default)]
pub struct Wat {
    pub text: String,
    count: usize,
}

impl Wat {
    /// Adds a type and all types in it; returns how the text format refers to it.
    pub fn define(&mut self, wit: &Wit) -> String {
        let body = match wit {
            Wit::Plain(name) => match name.as_str() {
                "own<resource>" => "(own $resource)".into(),
                "borrow<resource>" => "(borrow $resource)".into(),
                name => return name.into(),
            },
            Wit::Angle("result", parts) => {
                let ok = parts
                    .first()
                    .and_then(Option::as_ref)
                    .map(|ok| self.define(ok));
                let err = parts
                    .get(1)
                    .and_then(Option::as_ref)
                    .map(|err| self.define(err));
                let err = err.map(|err| format!("(error {err})"));
                format!(
                    "(result {} {})",
                    ok.unwrap_or_default(),
                    err.unwrap_or_default()
                )
            }
            Wit::Angle(name, parts) => {
                let parts: Vec<_> = parts
                    .iter()
                    .flatten()
                    .map(|part| self.define(part))
                    .collect();
                format!("({name} {})", parts.join(" "))
            }
            Wit::Fixed(element, length) => format!("(list {} {length})", self.define(element)),
            Wit::Braces(name @ ("enum" | "flags"), parts) => {
                let parts: Vec<_> = parts
                    .iter()
                    .map(|(part, _)| format!("\"{part}\""))
                    .collect();
                format!("({name} {})", parts.join(" "))
            }
            Wit::Braces(name, parts) => {
                let item = if *name == "record" { "field" } else { "case" };
                let parts: Vec<_> = parts
                    .iter()
                    .map(|(part, ty)| {
                        let ty = ty.as_ref().map(|ty| self.define(ty)).unwrap_or_default();
                        format!("({item} \"{part}\" {ty})")
                    })
                    .collect();
                format!("({name} {})", parts.join(" "))
            }
        };
        let name = format!("$t{}", self.count);
        self.count += 1;
        self.text.push_str(&format!("(type {name} {body})\n"));
        if !matches!(wit, Wit::Braces(..)) {
            return name;
        }
        // Types with parts of their own must be exported before a function or another export uses them.
        self.text.push_str(&format!(
            "(export {name}e \"type{}\" (type {name}))\n",
            self.count
        ));
        format!("{name}e")
    }

    /// The whole component, with `more` at its end.
    pub fn component(&self, more: &str) -> String {
        let resource = "(type $r (resource (rep i32)))\n(export $resource \"resource\" (type $r))";
        format!("(component\n{resource}\n{}{more})", self.text)
    }
}

/// Parses WIT text, which must be as [`Wit`] prints it but for spaces.
pub fn parse(text: &str) -> Wit {
    let mut rest = text;
    let wit = parse_type(&mut rest);
    assert!(rest.trim().is_empty(), "{rest:?} is left of {text:?}");
    wit
}

fn parse_type(rest: &mut &str) -> Wit {
    let name = word(rest);
    if matches!(name, "own" | "borrow") {
        assert!(eat(rest, "<") && word(rest) == "resource" && eat(rest, ">"));
        return Wit::Plain(format!("{name}<resource>"));
    }
    let braces = ["record", "variant", "enum", "flags"]
        .into_iter()
        .find(|known| *known == name);
    if let Some(known) = braces {
        assert!(eat(rest, "{"), "{name} needs a brace before {rest:?}");
        let mut parts = Vec::new();
        while !eat(rest, "}") {
            let part = word(rest).to_owned();
            let ty = if eat(rest, ":") {
                Some(parse_type(rest))
            } else if eat(rest, "(") {
                let ty = parse_type(rest);
                assert!(eat(rest, ")"));
                Some(ty)
            } else {
                None
            };
            parts.push((part, ty));
            eat(rest, ",");
        }
        return Wit::Braces(known, parts);
    }
    let angle = [
        "list", "map", "option", "result", "tuple", "stream", "future",
    ];
    let Some(known) = angle.into_iter().find(|known| *known == name) else {
        return Wit::Plain(name.to_owned());
    };
    let mut parts = Vec::new();
    if eat(rest, "<") {
        while !eat(rest, ">") {
            if eat(rest, "_") {
                parts.push(None);
            } else if rest
                .trim_start()
                .starts_with(|next: char| next.is_ascii_digit())
            {
                let length = word(rest).parse().expect("a length");
                assert!(eat(rest, ">"));
                let element = parts.pop().flatten().expect("an element type");
                return Wit::Fixed(Box::new(element), length);
            } else {
                parts.push(Some(parse_type(rest)));
            }
            eat(rest, ",");
        }
    }
    Wit::Angle(known, parts)
}

fn word<'a>(rest: &mut &'a str) -> &'a str {
    let text = rest.trim_start();
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .unwrap_or(text.len());
    assert!(end > 0, "no name at {text:?}");
    *rest = &text[end..];
    &text[..end]
}

fn eat(rest: &mut &str, token: &str) -> bool {
    match rest.trim_start().strip_prefix(token) {
        Some(left) => {
            *rest = left;
            true
        }
        None => false,
    }
}

impl fmt::Display for Wit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(name) => f.write_str(name),
            Self::Fixed(element, length) => write!(f, "list<{element}, {length}>"),
            Self::Angle(name, parts) if parts.iter().all(Option::is_none) => f.write_str(name),
            Self::Angle(name, parts) => {
                // WIT has no `result<t, _>`.
                let last = parts.iter().rposition(Option::is_some).unwrap_or(0);
                let parts: Vec<_> = parts[..=last]
                    .iter()
                    .map(|part| part.as_ref().map_or("_".into(), ToString::to_string))
                    .collect();
                write!(f, "{name}<{}>", parts.join(", "))
            }
            Self::Braces(name, parts) => {
                let parts: Vec<_> = parts
                    .iter()
                    .map(|(part, ty)| match ty {
                        Some(ty) if *name == "record" => format!("{part}: {ty}"),
                        Some(ty) => format!("{part}({ty})"),
                        None => part.clone(),
                    })
                    .collect();
                write!(f, "{name} {{ {} }}", parts.join(", "))
            }
        }
    }
}

/// Compiles a component that is written as text.
pub fn component(engine: &Engine, text: &str) -> wasmtime::Result<Component> {
    let bytes = wat::parse_str(text).map_err(|error| wasmtime::Error::msg(error.to_string()))?;
    Component::new(engine, bytes)
}
