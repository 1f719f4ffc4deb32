//! The prose of a module's WIT. A component's type has no comments, so the SDK puts the text itself
//! into a custom section; a component without one is described by its types alone.

use std::collections::HashMap;
use wasmparser::{Parser, Payload};
use wit_parser::{TypeDefKind, TypeOwner, UnresolvedPackageGroup};

/// The name of the section.
const SECTION: &str = "zymogen:wit";
/// A longer text is not looked at: the section comes from whoever made the component.
const MAX_TEXT: usize = 256 << 10;

/// Comments by what they are about.
#[derive(Default)]
pub(super) struct Prose {
    interfaces: HashMap<String, String>,
    /// By interface and function.
    functions: HashMap<(String, String), String>,
    /// By interface, record and field.
    fields: HashMap<(String, String, String), String>,
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
                if let Some(docs) = &item.docs.contents {
                    let key = (name.clone(), function.clone());
                    self.functions.insert(key, docs.clone());
                }
            }
            let types = main.types.iter().map(|(_, ty)| ty);
            for ty in types.filter(|ty| ty.owner == TypeOwner::Interface(id)) {
                let (Some(record), TypeDefKind::Record(fields)) = (&ty.name, &ty.kind) else {
                    continue;
                };
                for field in &fields.fields {
                    if let Some(docs) = &field.docs.contents {
                        let key = (name.clone(), record.clone(), field.name.clone());
                        self.fields.insert(key, docs.clone());
                    }
                }
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

    /// Of a field of a record of an interface.
    pub(super) fn field(&self, interface: &str, record: &str, field: &str) -> Option<&str> {
        let key = (
            short(interface).to_owned(),
            record.to_owned(),
            field.to_owned(),
        );
        self.fields.get(&key).map(String::as_str)
    }
}

/// `ns:pkg/iface@1.0.0` is `iface` in its own package.
fn short(interface: &str) -> &str {
    let unversioned = interface.split('@').next().unwrap_or(interface);
    unversioned.rsplit('/').next().unwrap_or(unversioned)
}
