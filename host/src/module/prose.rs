//! The prose of a module's WIT. A component's type has no comments, so the SDK puts the text itself
//! into a custom section; a component without one is described by its types alone.

use super::wit::parts;
use std::collections::HashMap;
use wasmparser::{Parser, Payload};
use wit_parser::{Docs, TypeDef, TypeOwner, UnresolvedPackageGroup, WorldItem};

/// The name of the section.
const SECTION: &str = "zymogen:wit";
/// A longer text is not looked at: the section comes from whoever made the component.
const MAX_TEXT: usize = 256 << 10;

/// Comments by what they are about.
#[derive(Default)]
pub(super) struct Prose {
    interfaces: HashMap<String, String>,
    /// By interface and function. The world's own have none.
    functions: HashMap<(String, String), String>,
    /// By interface, type, and field, case or flag.
    parts: HashMap<(String, String, String), String>,
}

impl Prose {
    /// What the component says of itself.
    pub(super) fn of(component: &[u8]) -> Self {
        let mut prose = Self::default();
        for payload in Parser::new(0).parse_all(component).flatten() {
            if let Payload::CustomSection(section) = payload
                && section.name() == SECTION
                && section.data().len() <= MAX_TEXT
                && let Ok(text) = std::str::from_utf8(section.data())
            {
                prose.read(text);
            }
        }
        prose
    }

    /// A text that is no WIT has no prose.
    fn read(&mut self, text: &str) {
        let Ok(UnresolvedPackageGroup { main, .. }) =
            UnresolvedPackageGroup::parse("module.wit", text)
        else {
            return;
        };
        for (id, interface) in main.interfaces.iter() {
            let Some(name) = &interface.name else {
                continue;
            };
            if let Some(docs) = &interface.docs.contents {
                self.interfaces.insert(name.clone(), docs.clone());
            }
            for (function, item) in &interface.functions {
                self.function_is(name, function, &item.docs);
            }
            let types = main.types.iter().map(|(_, ty)| ty);
            for ty in types.filter(|ty| ty.owner == TypeOwner::Interface(id)) {
                self.type_is(name, ty);
            }
        }
        for (id, world) in main.worlds.iter() {
            for (_, item) in &world.exports {
                if let WorldItem::Function(function) = item {
                    self.function_is("", &function.name, &function.docs);
                }
            }
            let types = main.types.iter().map(|(_, ty)| ty);
            for ty in types.filter(|ty| ty.owner == TypeOwner::World(id)) {
                self.type_is("", ty);
            }
        }
    }

    fn function_is(&mut self, interface: &str, function: &str, docs: &Docs) {
        if let Some(docs) = &docs.contents {
            let key = (interface.to_owned(), function.to_owned());
            self.functions.insert(key, docs.clone());
        }
    }

    fn type_is(&mut self, interface: &str, ty: &TypeDef) {
        let Some(name) = &ty.name else {
            return;
        };
        for (part, _, docs) in parts(&ty.kind) {
            if let Some(docs) = &docs.contents {
                let key = (interface.to_owned(), name.clone(), part.to_owned());
                self.parts.insert(key, docs.clone());
            }
        }
    }

    /// Of an interface, by its whole name.
    pub(super) fn interface(&self, interface: &str) -> Option<&str> {
        self.interfaces.get(short(interface)).map(String::as_str)
    }

    /// Of a function of an interface.
    pub(super) fn function(&self, interface: &str, function: &str) -> Option<&str> {
        let key = (short(interface).to_owned(), function.to_owned());
        self.functions.get(&key).map(String::as_str)
    }

    /// Of a field, case or flag of a type of an interface.
    pub(super) fn part(&self, interface: &str, ty: &str, part: &str) -> Option<&str> {
        let interface = short(interface).to_owned();
        let key = (interface, ty.to_owned(), part.to_owned());
        self.parts.get(&key).map(String::as_str)
    }
}

/// `ns:pkg/iface@1.0.0` is `iface` in its own package.
fn short(interface: &str) -> &str {
    let unversioned = interface.split('@').next().unwrap_or(interface);
    unversioned.rsplit('/').next().unwrap_or(unversioned)
}
