//! What a test expects, and what came.

use crate::plan::scope::is_same;
use crate::value::{Node, Plain};
use serde_json::Value;
use std::path::Path;

/// What stands for the scratch directory at the beginning of a text.
const SCRATCH: char = '@';

/// Puts the scratch directory where a text is `@` or begins with `@/`.
pub fn place(node: &mut Node, scratch: &Path) {
    match &mut node.value {
        Plain::Text(text) => {
            if let Some(rest) = text.strip_prefix(SCRATCH)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                *text = format!("{}{rest}", scratch.display());
            }
        }
        Plain::List(nodes) => nodes.iter_mut().for_each(|node| place(node, scratch)),
        Plain::Table(entries) => entries
            .iter_mut()
            .for_each(|(_, node)| place(node, scratch)),
        Plain::Null | Plain::Bool(_) | Plain::Int(_) | Plain::Float(_) => {}
    }
}

/// How what was found is not as expected, a line each. What is not mentioned may be as it likes.
#[must_use]
pub fn differences(expected: &Node, found: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", expected, found, &mut lines);
    lines
}

fn compare(path: &str, expected: &Node, found: &Value, lines: &mut Vec<String>) {
    match (&expected.value, found) {
        (Plain::Table(entries), Value::Object(fields)) => {
            for (key, node) in entries {
                let path = match path {
                    "" => key.name.clone(),
                    path => format!("{path}.{}", key.name),
                };
                match fields.iter().find(|(name, _)| is_same(name, &key.name)) {
                    Some((_, field)) => compare(&path, node, field, lines),
                    None => lines.push(format!("`{path}`: there is no such field")),
                }
            }
        }
        (Plain::List(nodes), Value::Array(items)) if nodes.len() == items.len() => {
            for (index, (node, item)) in nodes.iter().zip(items).enumerate() {
                compare(&format!("{path}[{index}]"), node, item, lines);
            }
        }
        (plain, found) if is_equal(plain, found) => {}
        (plain, found) => {
            let at = if path.is_empty() { "the result" } else { path };
            lines.push(format!("`{at}`: expected {}, found {found}", shown(plain)));
        }
    }
}

fn is_equal(expected: &Plain, found: &Value) -> bool {
    match (expected, found) {
        (Plain::Null, Value::Null) => true,
        (Plain::Bool(expected), Value::Bool(found)) => expected == found,
        (Plain::Text(expected), Value::String(found)) => expected == found,
        (Plain::Int(expected), Value::Number(found)) => found
            .as_i128()
            .map_or(found.as_f64() == Some(*expected as f64), |found| {
                found == *expected
            }),
        (Plain::Float(expected), Value::Number(found)) => found.as_f64() == Some(*expected),
        _ => false,
    }
}

/// As JSON, so that both sides of a difference look alike.
fn shown(plain: &Plain) -> Value {
    match plain {
        Plain::Null => Value::Null,
        Plain::Bool(value) => Value::from(*value),
        Plain::Int(value) => serde_json::Number::from_i128(*value)
            .map_or_else(|| Value::from(value.to_string()), Value::Number),
        Plain::Float(value) => Value::from(*value),
        Plain::Text(text) => Value::from(text.as_str()),
        Plain::List(nodes) => nodes.iter().map(|node| shown(&node.value)).collect(),
        Plain::Table(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, node)| (key.name.clone(), shown(&node.value)))
                .collect(),
        ),
    }
}
