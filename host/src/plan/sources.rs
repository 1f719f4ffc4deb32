//! Parameters that name files of this machine. A plan gives a path, relative to the plan; a task
//! wants name, digest and size.

use super::model::Spanned;
use super::read::place;
use super::scope::is_same;
use crate::module::{Resource, ResourceKind};
use crate::value::{Key, Node, Plain};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What takes the place of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offered {
    /// 64 hexadecimal digits.
    pub digest: String,
    /// In bytes.
    pub size: u64,
}

/// Puts what `offer` makes of each path in the path's place.
///
/// # Errors
/// All errors of `offer`.
pub fn replace<E>(
    params: &Node,
    resources: &[Resource],
    offer: &mut dyn FnMut(&Spanned<String>) -> Result<Offered, E>,
) -> Result<Node, Vec<E>> {
    let mut errors = Vec::new();
    let mut params = params.clone();
    for resource in resources {
        if resource.kind == ResourceKind::Source {
            walk(&mut params, &resource.path, offer, &mut errors);
        }
    }
    if errors.is_empty() {
        Ok(params)
    } else {
        Err(errors)
    }
}

/// Where a plan gives a table instead of a path: a digest comes from a file and from nowhere else.
#[must_use]
pub fn given_by_hand(params: &Node, resources: &[Resource]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for resource in resources {
        if resource.kind == ResourceKind::Source {
            tables_at(params, &resource.path, &mut found);
        }
    }
    found
}

fn tables_at(node: &Node, path: &[String], found: &mut Vec<Range<usize>>) {
    match (&node.value, path) {
        (Plain::List(items), _) => items.iter().for_each(|item| tables_at(item, path, found)),
        (Plain::Table(entries), [name, rest @ ..]) => {
            for (_, inner) in entries.iter().filter(|(key, _)| is_same(&key.name, name)) {
                tables_at(inner, rest, found);
            }
        }
        (Plain::Table(_), []) => found.push(place(&node.span)),
        _ => {}
    }
}

fn walk<E>(
    node: &mut Node,
    path: &[String],
    offer: &mut dyn FnMut(&Spanned<String>) -> Result<Offered, E>,
    errors: &mut Vec<E>,
) {
    match (&mut node.value, path) {
        (Plain::List(items), _) => {
            for item in items {
                walk(item, path, offer, errors);
            }
        }
        (Plain::Table(entries), [name, rest @ ..]) => {
            for (_, inner) in entries
                .iter_mut()
                .filter(|(key, _)| is_same(&key.name, name))
            {
                walk(inner, rest, offer, errors);
            }
        }
        (Plain::Text(name), []) => {
            let name = Spanned {
                value: name.clone(),
                span: place(&node.span),
            };
            match offer(&name) {
                Ok(offered) => *node = record(name, offered),
                Err(error) => errors.push(error),
            }
        }
        // See `given_by_hand`.
        (Plain::Table(_), []) => node.value = Plain::Null,
        _ => {}
    }
}

fn record(name: Spanned<String>, offered: Offered) -> Node {
    let Spanned { value, span } = name;
    let entry = |name: &str, value| {
        let span = Some(span.clone());
        let key = Key {
            name: name.to_owned(),
            span: span.clone(),
        };
        let node = Node { value, span };
        (key, node)
    };
    let entries = vec![
        entry("name", Plain::Text(value)),
        entry("digest", Plain::Text(offered.digest)),
        entry("size", Plain::Int(offered.size.into())),
    ];
    Node {
        value: Plain::Table(entries),
        span: Some(span),
    }
}

/// Where a path of a plan leads: `~` is nothing special, and a relative path begins at the plan's directory.
#[must_use]
pub fn resolve(directory: &Path, path: &str) -> PathBuf {
    directory.join(path)
}

/// The same for a path that a host had a say in: it has to lead to a file below the plan's directory, with
/// all links followed.
///
/// # Errors
/// For a person: it leads elsewhere, or nowhere.
pub fn resolve_below(directory: &Path, path: &str) -> Result<PathBuf, String> {
    let real = |path: &Path| {
        fs::canonicalize(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let (directory, found) = (real(directory)?, real(&resolve(directory, path))?);
    if found.starts_with(&directory) {
        return Ok(found);
    }
    Err(format!(
        "{} is not below the plan's directory {}, and what a host reports may choose among the files there only",
        found.display(),
        directory.display()
    ))
}
