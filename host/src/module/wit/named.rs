//! The types that a module gives a name, with their parts and what its WIT says about them.

use super::{Wit, type_id};
use std::collections::BTreeSet;
use wit_parser::{Docs, Type, TypeDefKind, TypeId};

/// A record, a variant, an enum or flags.
pub struct Named {
    /// Its name.
    pub name: String,
    /// Which of them: WIT's keyword.
    pub kind: &'static str,
    /// Its fields, cases or flags.
    pub parts: Vec<Part>,
}

/// A field, a case or a flag.
pub struct Part {
    /// Its name.
    pub name: String,
    /// A field's type, or that of a case's payload, as WIT writes it.
    pub ty: Option<String>,
    /// Its prose.
    pub docs: Option<String>,
}

impl Wit {
    /// All named types that these are made of, each once, and those of the host aside.
    #[must_use]
    pub fn named(&self, roots: impl IntoIterator<Item = Type>) -> Vec<Named> {
        let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
        for ty in roots {
            self.collect(ty, &mut seen, &mut found);
        }
        found
    }

    // WIT has no recursive types, and its parser bounds their depth.
    fn collect(&self, ty: Type, seen: &mut BTreeSet<TypeId>, found: &mut Vec<Named>) {
        let ty = self.bare(ty);
        let Some(id) = type_id(ty).filter(|id| seen.insert(*id)) else {
            return;
        };
        let (owner, name) = self.owner(ty).unwrap_or_default();
        if owner.starts_with("zymogen:task/") {
            return;
        }
        let kind = &self.resolve.types[id].kind;
        let parts = parts(kind).into_iter().map(|(part, ty, _)| Part {
            name: part.to_owned(),
            ty: ty.map(|ty| self.text(ty)),
            docs: self.prose.part(&owner, &name, part).map(str::to_owned),
        });
        let parts: Vec<_> = parts.collect();
        if !parts.is_empty() && !name.is_empty() {
            found.push(Named {
                name: name.clone(),
                kind: kind.as_str(),
                parts,
            });
        }
        for ty in inner(kind) {
            self.collect(ty, seen, found);
        }
    }

    /// A type behind all its aliases.
    #[must_use]
    pub fn bare(&self, ty: Type) -> Type {
        let mut ty = ty;
        while let Some(id) = type_id(ty)
            && let TypeDefKind::Type(next) = self.resolve.types[id].kind
        {
            ty = next;
        }
        ty
    }
}

/// The fields, cases or flags of a type, with the types and the prose that they have here.
pub(in crate::module) fn parts(kind: &TypeDefKind) -> Vec<(&str, Option<Type>, &Docs)> {
    match kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            fields
                .map(|field| (field.name.as_str(), Some(field.ty), &field.docs))
                .collect()
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            cases
                .map(|case| (case.name.as_str(), case.ty, &case.docs))
                .collect()
        }
        TypeDefKind::Enum(cases) => {
            let cases = cases.cases.iter();
            cases
                .map(|case| (case.name.as_str(), None, &case.docs))
                .collect()
        }
        TypeDefKind::Flags(flags) => {
            let flags = flags.flags.iter();
            flags
                .map(|flag| (flag.name.as_str(), None, &flag.docs))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The types that stand in the definition of one.
fn inner(kind: &TypeDefKind) -> Vec<Type> {
    match kind {
        TypeDefKind::Record(_) | TypeDefKind::Variant(_) => parts(kind)
            .into_iter()
            .filter_map(|(_, ty, _)| ty)
            .collect(),
        TypeDefKind::Tuple(tuple) => tuple.types.clone(),
        TypeDefKind::Option(ty) | TypeDefKind::List(ty) | TypeDefKind::FixedLengthList(ty, _) => {
            vec![*ty]
        }
        TypeDefKind::Map(key, value) => vec![*key, *value],
        TypeDefKind::Result(result) => result.ok.into_iter().chain(result.err).collect(),
        TypeDefKind::Stream(ty) | TypeDefKind::Future(ty) => ty.iter().copied().collect(),
        _ => Vec::new(),
    }
}
