//! The variables of a plan: what it declares, what `-e` sets instead, templates in them evaluated.

use super::identifier::is_identifier;
use super::model::{Entry, Plan};
use super::render::Renderer;
use super::scope::{self, Scope};
use super::template::Engine;
use super::toml;
use crate::error::Error;
use crate::output::Diagnostic;
use crate::output::text::did_you_mean;
use crate::value::nearest;
use crate::value::{Node, Plain};
use minijinja::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::str::FromStr;

/// Stands for all variables among the used ones: `vars[name]` may be any.
pub const ANY: &str = "*";

/// What `-e` gives: one variable, or a file with several.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Setting {
    /// `NAME=VALUE`
    Pair(String, String),
    /// `@FILE`, in TOML, or in JSON if its name ends so.
    File(PathBuf),
}

impl FromStr for Setting {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix('@') {
            return Ok(Self::File(path.into()));
        }
        match text.split_once('=') {
            Some((name, value)) if is_identifier(name) => {
                Ok(Self::Pair(name.to_owned(), value.to_owned()))
            }
            Some(_) => Err(
                "the name of a variable has letters, digits and `_` only, and begins with no digit",
            ),
            None => Err("expected NAME=VALUE or @FILE"),
        }
    }
}

/// The values that settings give, the last one of a name winning.
#[derive(Clone, Debug, Default)]
pub struct Overrides(BTreeMap<String, Given>);

#[derive(Clone, Debug)]
enum Given {
    /// From the command line: its type is that of the variable it replaces.
    Text(String),
    /// From a file, with a type of its own.
    Node(Node),
}

impl Overrides {
    /// Reads the files among the settings.
    ///
    /// # Errors
    /// A file cannot be read, or is no table.
    pub fn read(settings: &[Setting]) -> Result<Self, Error> {
        let mut all = BTreeMap::new();
        for setting in settings {
            match setting {
                Setting::Pair(name, text) => {
                    all.insert(name.clone(), Given::Text(text.clone()));
                }
                Setting::File(path) => {
                    let entries = read_file(path)?.into_iter();
                    all.extend(entries.map(|entry| (entry.0, Given::Node(entry.1))));
                }
            }
        }
        Ok(Self(all))
    }

    /// Sets one more variable as `-e` would, unless it is set already.
    pub fn set_default(&mut self, name: &str, text: impl Into<String>) {
        let text = || Given::Text(text.into());
        self.0.entry(name.to_owned()).or_insert_with(text);
    }

    /// The text that a variable is set to, if it is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Given::Text(text)
            | Given::Node(Node {
                value: Plain::Text(text),
                ..
            }) => Some(text),
            Given::Node(_) => None,
        }
    }

    /// The plan's variables with these in their place. A variable may refer to those above it.
    ///
    /// # Errors
    /// All that have no value.
    pub fn apply(&self, plan: &Plan, engine: &Engine) -> Result<Value, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        let declared: BTreeSet<_> = plan.vars.iter().map(|v| v.key.value.as_str()).collect();
        for (name, given) in &self.0 {
            if !declared.contains(name.as_str()) {
                values.insert(name.clone(), given.value());
            }
        }
        for entry in &plan.vars {
            let name = entry.key.value.clone();
            let value = match self.0.get(&name) {
                Some(given) => given
                    .value_like(plan, entry, engine)
                    .map_err(|error| vec![error]),
                None => {
                    let scope = Scope::new(Value::from_pairs(values.clone()));
                    let renderer = Renderer {
                        engine,
                        source: &plan.source,
                        scope: &scope,
                    };
                    let tree = renderer.tree(&entry.value, &mut |_| true);
                    tree.map(|node| scope::from_node(&node))
                }
            };
            match value {
                Ok(value) => {
                    values.insert(name, value);
                }
                Err(more) => {
                    // What uses it is not wrong as well, and nobody will see this value.
                    values.insert(name, scope::from_node(&entry.value));
                    errors.extend(more);
                }
            }
        }
        if errors.is_empty() {
            Ok(Value::from_pairs(values))
        } else {
            Err(errors)
        }
    }

    /// An error for each that the plan neither declares nor uses: probably a slip.
    #[must_use]
    pub fn unused(&self, plan: &Plan, used: &BTreeSet<String>) -> Vec<Diagnostic> {
        if used.contains(ANY) {
            return Vec::new();
        }
        let declared = plan.vars.iter().map(|entry| entry.key.value.as_str());
        let used = used.iter().map(String::as_str);
        let known: BTreeSet<_> = declared.chain(used).collect();
        let unknown = self.0.keys().filter(|name| !known.contains(name.as_str()));
        unknown
            .map(|name| {
                let message = format!(
                    "no variable `{name}` to set with -e in {}",
                    plan.source.name()
                );
                let near = nearest(name, known.iter().copied());
                Diagnostic::new("plan", message).maybe_help(did_you_mean(near))
            })
            .collect()
    }
}

impl Given {
    /// The value, when nothing tells its type: only what cannot be anything else is not text.
    fn value(&self) -> Value {
        match self {
            Self::Node(node) => scope::from_node(node),
            Self::Text(text) => {
                let looks_typed = matches!(text.as_str(), "true" | "false")
                    || text
                        .parse::<i64>()
                        .is_ok_and(|number| number.to_string() == *text)
                    || text.starts_with(['[', '{', '"', '\'']);
                let node = looks_typed.then(|| toml_value(text)).flatten();
                node.map_or_else(
                    || Value::from(text.as_str()),
                    |node| scope::from_node(&node),
                )
            }
        }
    }

    /// The value, of the same type as the one it replaces: `-e version=1.10` stays a text where the
    /// plan has a text.
    fn value_like(&self, plan: &Plan, entry: &Entry, engine: &Engine) -> Result<Value, Diagnostic> {
        let text = match self {
            Self::Node(node) => return Ok(scope::from_node(node)),
            Self::Text(text) => text,
        };
        if let Plain::Text(old) = &entry.value.value {
            // `{{ 8000 + 80 }}` is no text, or none that is known to be one.
            return Ok(if engine.is_expression(old) {
                self.value()
            } else {
                Value::from(text.as_str())
            });
        }
        let (old, new) = (&entry.value.value, toml_value(text));
        let fits = |new: &Plain| {
            std::mem::discriminant(old) == std::mem::discriminant(new)
                || matches!((old, new), (Plain::Float(_), Plain::Int(_)))
        };
        match new {
            Some(node) if fits(&node.value) => Ok(scope::from_node(&node)),
            _ => {
                let name = &entry.key.value;
                let message = format!("`-e {name}={text}` does not fit: `{name}` is {old}");
                let span = super::read::place(&entry.value.span);
                Err(super::read::error_at(&plan.source, span, &message))
            }
        }
    }
}

/// A text as the value that it is in TOML.
fn toml_value(text: &str) -> Option<Node> {
    if text.contains('\n') {
        return None;
    }
    match toml::parse(&format!("value = {text}")).ok()?.value {
        Plain::Table(entries) => entries.into_iter().next().map(|(_, node)| node),
        _ => None,
    }
}

fn read_file(path: &PathBuf) -> Result<Vec<(String, Node)>, Error> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::input(format!("cannot read the variables in {shown}")).because(&error)
    })?;
    let node = if path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        let json: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| Error::input(format!("{shown} is no JSON")).because(&error))?;
        Node::from(json)
    } else {
        toml::parse(&text).map_err(|error| {
            let source = crate::output::Source::new(shown.to_string(), text.clone());
            let error = super::read::error_at(&source, error.span, &error.message);
            Error::in_text(source.name(), vec![error])
        })?
    };
    match node.value {
        Plain::Table(entries) => {
            let entries = entries.into_iter();
            Ok(entries.map(|(key, node)| (key.name, node)).collect())
        }
        _ => Err(Error::input(format!("{shown} is no table of variables"))),
    }
}
