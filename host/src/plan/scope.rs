//! What templates can see: the plan's variables as `vars`, and what earlier tasks registered.

use crate::value::{Key, Node, Plain};
use minijinja::Value;
use minijinja::value::ValueKind;
use std::collections::BTreeMap;
use std::ops::Range;

/// What every registered name has, whatever became of its task.
pub const COMMON: [&str; 4] = ["changed", "failed", "skipped", "summary"];

/// The names of one host while its plan runs.
#[derive(Clone, Debug)]
pub struct Scope(BTreeMap<String, Value>);

impl Scope {
    /// Only `vars`.
    #[must_use]
    pub fn new(vars: Value) -> Self {
        Self(BTreeMap::from([("vars".to_owned(), vars)]))
    }

    /// Makes a task's result known. `report` has the fields of the module's own report, as JSON.
    pub fn register(&mut self, name: &str, common: Common<'_>, report: &serde_json::Value) {
        let mut fields = match report {
            serde_json::Value::Object(fields) => from_fields(fields),
            _ => BTreeMap::new(),
        };
        let Common {
            changed,
            failed,
            skipped,
            summary,
        } = common;
        fields.remove("outcome");
        fields.insert("changed".to_owned(), changed.into());
        fields.insert("failed".to_owned(), failed.into());
        fields.insert("skipped".to_owned(), skipped.into());
        fields.insert("summary".to_owned(), summary.into());
        self.0.insert(name.to_owned(), Value::from_pairs(fields));
    }

    /// All of it, for an evaluation.
    #[must_use]
    pub fn context(&self) -> Value {
        Value::from_pairs(self.0.clone())
    }

    /// The names that could have been meant by `path`, such as `vars.prot`: its siblings.
    #[must_use]
    pub fn siblings(&self, path: &str) -> (String, Vec<String>) {
        let (parent, _) = path.rsplit_once('.').unwrap_or(("", path));
        let mut value = self.context();
        for step in parent.split('.').filter(|step| !step.is_empty()) {
            value = value.get_attr(step).unwrap_or_default();
        }
        let keys = match value.kind() {
            ValueKind::Map => value.try_iter().map(Iterator::collect).unwrap_or_default(),
            _ => Vec::new(),
        };
        let keys = keys.iter().map(ToString::to_string).collect();
        (parent.to_owned(), keys)
    }
}

/// What is registered for every task.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    /// It changed something, or would.
    pub changed: bool,
    /// It did not reach its goal.
    pub failed: bool,
    /// Its condition was false.
    pub skipped: bool,
    /// Its own words.
    pub summary: &'a str,
}

/// A name of WIT as templates write it: `memory-bytes` would be a subtraction, so it is `memory_bytes`.
#[must_use]
pub fn name_in_templates(name: &str) -> String {
    name.replace('-', "_")
}

/// Are two spellings the same name of WIT? Plans may write `_` for `-`.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    name_in_templates(one) == name_in_templates(other)
}

fn from_fields(fields: &serde_json::Map<String, serde_json::Value>) -> BTreeMap<String, Value> {
    let fields = fields.iter();
    fields
        .map(|(name, value)| (name_in_templates(name), from_json(value)))
        .collect()
}

fn from_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Object(fields) => Value::from_pairs(from_fields(fields)),
        serde_json::Value::Array(items) => items.iter().map(from_json).collect(),
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(value) => Value::from(*value),
        serde_json::Value::Number(number) => match (number.as_i128(), number.as_f64()) {
            (Some(number), _) => Value::from(number),
            (None, float) => Value::from(float.unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
    }
}

/// A part of a plan as templates see it.
#[must_use]
pub fn from_node(node: &Node) -> Value {
    match &node.value {
        Plain::Null => Value::from(()),
        Plain::Bool(value) => Value::from(*value),
        Plain::Int(value) => Value::from(*value),
        Plain::Float(value) => Value::from(*value),
        Plain::Text(value) => Value::from(value.as_str()),
        Plain::List(items) => items.iter().map(from_node).collect(),
        Plain::Table(entries) => {
            let entries = entries.iter();
            Value::from_pairs(entries.map(|(key, node)| (key.name.clone(), from_node(node))))
        }
    }
}

/// The value of a template as a part of the plan, in the template's place. None for what no plan can say.
#[must_use]
pub fn to_node(value: &Value, span: &Range<usize>) -> Option<Node> {
    let plain = match value.kind() {
        ValueKind::None => Plain::Null,
        ValueKind::Bool => Plain::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => Plain::Int(value.clone().try_into().ok()?),
        ValueKind::Number => Plain::Float(value.clone().try_into().ok()?),
        ValueKind::String => Plain::Text(value.as_str()?.to_owned()),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().ok()?;
            let nodes = items.map(|item| to_node(&item, span));
            Plain::List(nodes.collect::<Option<_>>()?)
        }
        ValueKind::Map => {
            let keys = value.try_iter().ok()?;
            let entries = keys.map(|key| {
                let node = to_node(&value.get_item(&key).ok()?, span)?;
                let key = Key {
                    name: key.as_str()?.to_owned(),
                    span: Some(span.clone()),
                };
                Some((key, node))
            });
            Plain::Table(entries.collect::<Option<_>>()?)
        }
        _ => return None,
    };
    Some(Node {
        value: plain,
        span: Some(span.clone()),
    })
}
