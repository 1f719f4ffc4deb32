//! The parameters of a task against the record type that its module wants.

use super::model::Spanned;
use super::read::{error_at, place};
use super::scope::is_same;
use super::sources::{self, Offered};
use crate::module::{ResourceKind, Task};
use crate::output::text::did_you_mean;
use crate::output::{Diagnostic, Source};
use crate::registry::Reference;
use crate::value::{Mismatch, Node, Plain, nearest, to_val_in};
use proto::Digest;
use proto::policy::Address;
use runtime::value::describe;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use wasmtime::component::{Type, Val};

/// Parameters without templates, or with such as have no value yet, belong to one of these.
pub struct Params<'a> {
    /// The plan's text.
    pub source: &'a Source,
    /// What the plan calls the module.
    pub module: &'a str,
    /// What it wants.
    pub task: &'a Task,
    /// Where relative paths of this machine begin.
    pub directory: &'a Path,
    /// Where those parameters begin that hosts have a say in.
    pub from_hosts: &'a BTreeSet<usize>,
}

impl Params<'_> {
    /// All that is wrong with them, as far as they are known. No file is read.
    pub fn check(
        &self,
        params: &Node,
        known: &mut dyn FnMut(&Range<usize>) -> bool,
    ) -> Vec<Diagnostic> {
        let mut missing_files = Vec::new();
        let placeholder = Offered {
            digest: Digest([0; 32]).to_string(),
            size: 0,
        };
        let mut offer = |name: &Spanned<String>| -> Result<Offered, ()> {
            if known(&name.span) {
                missing_files.extend(self.missing_file(name));
            }
            Ok(placeholder.clone())
        };
        let replaced = sources::replace(params, &self.task.resources, &mut offer);
        let replaced = replaced.unwrap_or_else(|_| params.clone());
        let by_hand = sources::given_by_hand(params, &self.task.resources);
        let mut errors = self.keys(params);
        let wrong_keys = !errors.is_empty();
        let mismatches = to_val_in(self.source.text(), &replaced, &self.task.params)
            .err()
            .unwrap_or_default();
        let mismatches = mismatches
            .into_iter()
            .filter(|mismatch| known(&place(&mismatch.span)))
            .filter(|mismatch| !by_hand.contains(&place(&mismatch.span)))
            .filter(|mismatch| !(wrong_keys && mismatch.path.is_empty()));
        errors.extend(mismatches.map(|mismatch| self.mismatch(mismatch)));
        errors.extend(self.by_hand(&by_hand));
        errors.extend(missing_files);
        errors.extend(self.relative_paths(params, known));
        errors.extend(self.addresses(params, known));
        errors
    }

    /// The value of parameters whose templates are all evaluated. `offer` makes a file of this machine
    /// available to the task.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn value(
        &self,
        params: &Node,
        offer: &mut dyn FnMut(&str, &Path) -> Result<Offered, String>,
    ) -> Result<Val, Vec<Diagnostic>> {
        let mut errors = self.relative_paths(params, &mut |_| true);
        errors.extend(self.addresses(params, &mut |_| true));
        errors.extend(self.by_hand(&sources::given_by_hand(params, &self.task.resources)));
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut offer = |name: &Spanned<String>| {
            let offered = self.file(name).and_then(|path| offer(&name.value, &path));
            offered.map_err(|why| error_at(self.source, name.span.clone(), &why))
        };
        let replaced = sources::replace(params, &self.task.resources, &mut offer)?;
        to_val_in(self.source.text(), &replaced, &self.task.params).map_err(|mismatches| {
            let mismatches = mismatches.into_iter();
            mismatches.map(|mismatch| self.mismatch(mismatch)).collect()
        })
    }

    /// The file of this machine that a parameter names. A host that was taken over must not choose any
    /// file that it likes to be sent.
    fn file(&self, name: &Spanned<String>) -> Result<PathBuf, String> {
        if self.from_hosts.contains(&name.span.start) {
            sources::resolve_below(self.directory, &name.value)
        } else {
            Ok(sources::resolve(self.directory, &name.value))
        }
    }

    /// Keys that the module does not know, and fields that the plan does not give.
    fn keys(&self, params: &Node) -> Vec<Diagnostic> {
        let (Plain::Table(entries), Type::Record(record)) = (&params.value, &self.task.params)
        else {
            return Vec::new();
        };
        let fields: Vec<_> = record.fields().collect();
        let names = || fields.iter().map(|field| field.name);
        let (mut errors, mut meant) = (Vec::new(), Vec::new());
        for (key, _) in entries {
            if names().any(|name| is_same(name, &key.name)) {
                continue;
            }
            let near = nearest(&key.name, names());
            meant.extend(near);
            let help = did_you_mean(near).unwrap_or_else(|| match fields.as_slice() {
                [] => "it has none".to_owned(),
                _ => format!("it has {}", names().collect::<Vec<_>>().join(", ")),
            });
            let message = format!("`{}` has no parameter `{}`", self.module, key.name);
            errors.push(error_at(self.source, place(&key.span), &message).help(help));
        }
        for field in &fields {
            let given = entries
                .iter()
                .any(|(key, _)| is_same(field.name, &key.name));
            let optional = matches!(field.ty, Type::Option(_));
            // A mistyped key was reported with the name that it stands for.
            if !given && !optional && !meant.contains(&field.name) {
                let message = format!("`{}` needs the parameter `{}`", self.module, field.name);
                let error = error_at(self.source, place(&params.span), &message);
                errors.push(error.fact(
                    "expected",
                    format!("{}: {}", field.name, describe(&field.ty)),
                ));
            }
        }
        errors
    }

    fn mismatch(&self, mismatch: Mismatch) -> Diagnostic {
        let message = match mismatch.path.as_str() {
            "" => format!("the parameters of `{}` do not fit", self.module),
            path => format!("the parameter `{path}` of `{}` does not fit", self.module),
        };
        let help = mismatch.suggestion.map(|meant| {
            // Quotes are worth mentioning only where they are what is missing.
            let quoted = mismatch.found.starts_with("the text");
            let meant = if quoted {
                meant.trim_matches('"')
            } else {
                &meant
            };
            format!("did you mean `{meant}`?")
        });
        let error = error_at(self.source, place(&mismatch.span), &message);
        let error = match mismatch.expected.as_str() {
            "" => error.fact("because", mismatch.found),
            _ => error
                .fact("expected", mismatch.expected)
                .fact("found", mismatch.found),
        };
        error.maybe_help(help)
    }

    fn missing_file(&self, name: &Spanned<String>) -> Option<Diagnostic> {
        let path = sources::resolve(self.directory, &name.value);
        let why = match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => return None,
            Ok(_) => "it is no regular file".to_owned(),
            Err(error) => error.to_string(),
        };
        let message = format!("cannot read {} on this machine", path.display());
        Some(error_at(self.source, name.span.clone(), &message).fact("because", why))
    }

    fn by_hand(&self, spans: &[Range<usize>]) -> Vec<Diagnostic> {
        let message = "a file of this machine is given by its path";
        let spans = spans.iter();
        spans
            .map(|span| error_at(self.source, span.clone(), message))
            .collect()
    }

    /// What is no address would grant nothing.
    fn addresses(
        &self,
        params: &Node,
        known: &mut dyn FnMut(&Range<usize>) -> bool,
    ) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for resource in &self.task.resources {
            if resource.kind == ResourceKind::Address {
                texts_at(params, &resource.path, &mut found);
            }
        }
        let names_one = |text: &str| {
            let address = text.parse::<Address>();
            address.is_ok_and(|address| address.port.is_some())
        };
        found.retain(|(text, span)| !names_one(text) && known(span));
        let message = "an address is HOST:PORT, where the host is a name or a number";
        let spans = found.into_iter();
        spans
            .map(|(_, span)| error_at(self.source, span, message))
            .collect()
    }

    /// A path on a host that is relative would be relative to nothing.
    fn relative_paths(
        &self,
        params: &Node,
        known: &mut dyn FnMut(&Range<usize>) -> bool,
    ) -> Vec<Diagnostic> {
        let mut errors = Vec::new();
        for resource in &self.task.resources {
            if !matches!(
                resource.kind,
                ResourceKind::ReadPath | ResourceKind::WritePath | ResourceKind::CommandDirectory
            ) {
                continue;
            }
            let mut found = Vec::new();
            texts_at(params, &resource.path, &mut found);
            for (text, span) in found {
                let why = if !text.starts_with('/') {
                    "a path on a host is absolute"
                } else if text.split('/').any(|part| part == "..") {
                    "a path on a host has no `..`, because it is a grant"
                } else {
                    continue;
                };
                if known(&span) {
                    errors.push(error_at(self.source, span, why));
                }
            }
        }
        errors
    }
}

/// How the repository knows what a plan calls a module: paths begin at the plan's directory.
#[must_use]
pub fn module_reference(directory: &Path, name: &str) -> String {
    if !Reference::is_meant(name) && (name.contains('/') || name.ends_with(".wasm")) {
        let path = sources::resolve(directory, name);
        let path = path.to_string_lossy();
        // Without a slash it could be the name of a standard module.
        return if path.contains('/') {
            path.into_owned()
        } else {
            format!("./{path}")
        };
    }
    name.to_owned()
}

pub(super) fn texts_at<'a>(
    node: &'a Node,
    path: &[String],
    found: &mut Vec<(&'a str, Range<usize>)>,
) {
    match (&node.value, path) {
        (Plain::List(items), _) => items.iter().for_each(|item| texts_at(item, path, found)),
        (Plain::Table(entries), [name, rest @ ..]) => {
            for (_, inner) in entries.iter().filter(|(key, _)| is_same(&key.name, name)) {
                texts_at(inner, rest, found);
            }
        }
        (Plain::Text(text), []) => found.push((text, place(&node.span))),
        _ => {}
    }
}
