//! From the text of a plan to its model. Everything that is wrong is found in one go.

use super::model::{Entry, Plan, Spanned, Task};
use super::{identifier, toml};
use crate::connect::Credential;
use crate::output::text::did_you_mean;
use crate::output::{Diagnostic, Source};
use crate::secrets;
use crate::value::nearest;
use crate::value::{Key, Node, Plain};
use proto::policy::Callee;
use std::collections::BTreeMap;
use std::ops::Range;

/// The keys of a plan, of its table `[plan]` and of a task.
const TOP: [&str; 4] = ["plan", "vars", "secrets", "task"];
const HEAD: [&str; 4] = ["name", "hosts", "with", "bind"];
const TASK: [&str; 5] = ["name", "use", "with", "register", "when"];

/// Reads a plan.
///
/// # Errors
/// All that is wrong with it, as far as it can be told without its modules.
pub fn read(source: &Source) -> Result<Plan, Vec<Diagnostic>> {
    let (plan, wrong) = read_parts(source)?;
    if wrong.errors.is_empty() {
        return Ok(plan);
    }
    Err(wrong.errors)
}

/// What is wrong with a plan's form, and what therefore cannot be said about the rest.
#[derive(Debug, Default)]
pub struct Wrong {
    /// The errors, in the order of the text.
    pub errors: Vec<Diagnostic>,
    /// There may be more variables.
    pub vars: bool,
    /// There may be more registered names.
    pub registered: bool,
}

/// Reads of a plan what can be read, so that the rest of it can be checked, too.
///
/// # Errors
/// It is no TOML at all.
pub fn read_parts(source: &Source) -> Result<(Plan, Wrong), Vec<Diagnostic>> {
    let root = toml::parse(source.text())
        .map_err(|error| vec![error_at(source, error.span, &error.message)])?;
    let mut reader = Reader {
        source,
        errors: Vec::new(),
        wrong_vars: false,
        wrong_tasks: false,
    };
    let plan = reader.plan(root);
    reader.errors.sort_by_key(Diagnostic::offset);
    let wrong = Wrong {
        errors: reader.errors,
        vars: reader.wrong_vars,
        registered: reader.wrong_tasks,
    };
    Ok((plan, wrong))
}

/// Where a part of a plan is. What came from elsewhere is nowhere, and never shown.
pub(super) fn place(span: &Option<Range<usize>>) -> Range<usize> {
    span.clone().unwrap_or_default()
}

/// An error in a plan.
pub(super) fn error_at(source: &Source, span: Range<usize>, message: &str) -> Diagnostic {
    Diagnostic::new("plan", message).at(source, span, "")
}

struct Reader<'a> {
    source: &'a Source,
    errors: Vec<Diagnostic>,
    /// Something that may have been meant for variables was not read.
    wrong_vars: bool,
    /// The same for tasks.
    wrong_tasks: bool,
}

impl Reader<'_> {
    fn plan(&mut self, root: Node) -> Plan {
        let mut plan = Plan {
            source: self.source.clone(),
            name: None,
            hosts: Vec::new(),
            with: Vec::new(),
            bind: Vec::new(),
            vars: Vec::new(),
            secrets: BTreeMap::new(),
            tasks: Vec::new(),
        };
        for (key, node) in self.table(root, "a plan") {
            let before = self.errors.len();
            let name = key.name.as_str();
            match name {
                "plan" => self.head(node, &mut plan),
                "vars" => plan.vars = self.vars(node),
                "secrets" => plan.secrets = self.secrets(node),
                "task" => plan.tasks = self.tasks(node),
                _ => self.unknown(&key, "a plan", &TOP),
            }
            let wrong = self.errors.len() > before;
            // A key that nobody knows may be a misspelt one.
            self.wrong_vars |= wrong && !["plan", "secrets", "task"].contains(&name);
            self.wrong_tasks |= wrong && !["plan", "secrets", "vars"].contains(&name);
        }
        if plan.hosts.is_empty() {
            let value = "local".to_owned();
            plan.hosts.push(Spanned { value, span: 0..0 });
        }
        if plan.tasks.is_empty() && self.errors.is_empty() {
            let error = Diagnostic::new("plan", format!("{} has no task", self.source.name()));
            self.errors.push(error.help(
                "write one, as in `[[task]]` and below it `file = { path = \"/srv\", state = \"directory\" }`",
            ));
        }
        self.names_once(&plan);
        plan
    }

    fn head(&mut self, node: Node, plan: &mut Plan) {
        for (key, node) in self.table(node, "`plan`") {
            match key.name.as_str() {
                "name" => plan.name = self.text(node, "`name`").map(|name| name.value),
                "hosts" => plan.hosts = self.hosts(node),
                "with" => plan.with = self.modules(node),
                "bind" => plan.bind = self.bindings(node),
                _ => self.unknown(&key, "`[plan]`", &HEAD),
            }
        }
    }

    fn hosts(&mut self, node: Node) -> Vec<Spanned<String>> {
        let span = place(&node.span);
        let hosts: Vec<_> = match node.value {
            Plain::List(nodes) => nodes
                .into_iter()
                .filter_map(|node| self.text(node, "a host"))
                .collect(),
            _ => self.text(node, "`hosts`").into_iter().collect(),
        };
        if hosts.is_empty() && !self.errors.iter().any(|error| error.offset() >= span.start) {
            self.errors
                .push(error_at(self.source, span, "a plan needs a host"));
        }
        hosts
    }

    fn modules(&mut self, node: Node) -> Vec<Spanned<String>> {
        match node.value {
            Plain::List(nodes) => nodes
                .into_iter()
                .filter_map(|node| self.text(node, "a module"))
                .collect(),
            _ => self.text(node, "`with`").into_iter().collect(),
        }
    }

    fn bindings(&mut self, node: Node) -> Vec<(String, Spanned<Callee>)> {
        let mut found = Vec::new();
        for (interface, node) in self.table(node, "`bind`") {
            let Some(text) = self.text(node, "what an import is bound to") else {
                continue;
            };
            let span = text.span;
            match text.value.parse::<Callee>() {
                Ok(value) => found.push((interface.name, Spanned { value, span })),
                Err(error) => {
                    let error = error_at(self.source, span, &error.to_string());
                    self.errors.push(error);
                }
            }
        }
        found
    }

    fn vars(&mut self, node: Node) -> Vec<Entry> {
        let entries = self.table(node, "`vars`");
        for (key, _) in &entries {
            if !identifier::is_identifier(&key.name) {
                self.unusable(&key.name, place(&key.span), identifier::advice(&key.name));
            }
        }
        entries
            .into_iter()
            .map(|(key, value)| Entry {
                key: Spanned {
                    value: key.name,
                    span: place(&key.span),
                },
                value,
            })
            .collect()
    }

    fn secrets(&mut self, node: Node) -> BTreeMap<String, Credential> {
        let mut found = BTreeMap::new();
        for (key, node) in self.table(node, "`secrets`") {
            if !secrets::is_name(&key.name) {
                let message = format!("`{}` cannot be the name of a secret", key.name);
                let error = error_at(self.source, place(&key.span), &message);
                self.errors
                    .push(error.help("it has letters, digits, `-` and `_` only"));
            }
            let Some(text) = self.text(node, "where a secret comes from") else {
                continue;
            };
            match secrets::source(&text.value) {
                Ok(source) => drop(found.insert(key.name, source)),
                Err(why) => self.errors.push(error_at(self.source, text.span, &why)),
            }
        }
        found
    }

    fn tasks(&mut self, node: Node) -> Vec<Task> {
        match node.value {
            Plain::List(nodes) => nodes
                .into_iter()
                .filter_map(|node| self.task(node))
                .collect(),
            _ => {
                let error = error_at(self.source, place(&node.span), "`task` is a list of tasks");
                self.errors
                    .push(error.help("begin each task with a line `[[task]]`"));
                Vec::new()
            }
        }
    }

    fn task(&mut self, node: Node) -> Option<Task> {
        let span = place(&node.span);
        let (mut name, mut register, mut when) = (None, None, None);
        let (mut used, mut with) = (None, None);
        let mut short: Option<(Spanned<String>, Node)> = None;
        // Was something complained of that may have been meant for the module?
        let mut blamed = false;
        for (key, node) in self.table(node, "a task") {
            match key.name.as_str() {
                "name" => name = self.text(node, "`name`"),
                "use" => {
                    used = self.text(node, "`use`");
                    blamed |= used.is_none();
                }
                "with" => with = Some(node),
                "register" => register = self.register(node),
                "when" => when = self.condition(node),
                _ if !matches!(node.value, Plain::Table(_)) => {
                    blamed |= matches!(nearest(&key.name, TASK), None | Some("use" | "with"));
                    self.not_a_module(&key, &node);
                }
                _ => match &short {
                    Some((first, _)) => {
                        let message =
                            format!("a task has one module, and this one has `{}`", first.value);
                        let error = error_at(self.source, place(&key.span), &message);
                        self.errors.push(error.help("begin another `[[task]]`"));
                    }
                    None => {
                        let module = Spanned {
                            value: key.name,
                            span: place(&key.span),
                        };
                        short = Some((module, node));
                    }
                },
            }
        }
        let empty = Node {
            value: Plain::Table(Vec::new()),
            span: Some(span.clone()),
        };
        let (module, params) = match (used, short) {
            (Some(module), None) => (module, with.unwrap_or(empty)),
            (None, Some((module, params))) => {
                if let Some(with) = with {
                    let error = error_at(self.source, place(&with.span), "`with` goes with `use`");
                    let help = format!("put its contents into the table `{}`", module.value);
                    self.errors.push(error.help(help));
                }
                (module, params)
            }
            (Some(used), Some((module, _))) => {
                self.two_modules(&used.value, module);
                return None;
            }
            (None, None) => {
                if !blamed {
                    let error = error_at(self.source, span, "this task has no module");
                    self.errors.push(error.help(
                        "name one and its parameters, as in `file = { path = \"/srv\", state = \"directory\" }`",
                    ));
                }
                return None;
            }
        };
        Some(Task {
            name: name.map_or_else(|| module.value.clone(), |name| name.value),
            module,
            params,
            register,
            when,
            span,
        })
    }

    fn condition(&mut self, node: Node) -> Option<Spanned<String>> {
        // `when = true` says what it means.
        if let Plain::Bool(value) = node.value {
            return Some(Spanned {
                value: value.to_string(),
                span: place(&node.span),
            });
        }
        self.text(node, "`when`")
    }

    fn register(&mut self, node: Node) -> Option<Spanned<String>> {
        let name = self.text(node, "`register`")?;
        if let Err(help) = identifier::registrable(&name.value) {
            self.unusable(&name.value, name.span.clone(), help);
        }
        Some(name)
    }

    fn unusable(&mut self, name: &str, span: Range<usize>, help: String) {
        let message = format!("`{name}` cannot be a name in a template");
        self.errors
            .push(error_at(self.source, span, &message).help(help));
    }

    fn names_once(&mut self, plan: &Plan) {
        let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let registered = plan.tasks.iter().filter_map(|task| task.register.as_ref());
        let hosts = plan.hosts.iter().map(|host| ("host", host));
        for (what, name) in hosts.chain(registered.map(|name| ("name", name))) {
            let first = seen.entry((what, &name.value)).or_insert(name.span.start);
            if *first != name.span.start {
                let line = self.source.position(*first).line;
                let message = format!("the {what} `{}` is already in line {line}", name.value);
                self.errors
                    .push(error_at(self.source, name.span.clone(), &message));
            }
        }
    }

    fn table(&mut self, node: Node, what: &str) -> Vec<(Key, Node)> {
        match node.value {
            Plain::Table(entries) => entries,
            other => {
                let message = format!("{what} is a table, and this is {other}");
                self.errors
                    .push(error_at(self.source, place(&node.span), &message));
                Vec::new()
            }
        }
    }

    fn text(&mut self, node: Node, what: &str) -> Option<Spanned<String>> {
        let span = place(&node.span);
        match node.value {
            Plain::Text(value) if !value.trim().is_empty() => Some(Spanned { value, span }),
            other => {
                let message = format!("{what} is a text, and this is {other}");
                self.errors.push(error_at(self.source, span, &message));
                None
            }
        }
    }

    /// A task has `use` and a table besides: the key of that may be a slip, such as `wiht`.
    fn two_modules(&mut self, used: &str, other: Spanned<String>) {
        if nearest(&other.value, TASK).is_some() {
            let key = Key {
                name: other.value,
                span: Some(other.span),
            };
            return self.unknown(&key, "a task", &TASK);
        }
        let message = format!("a task has one module, and this one uses `{used}`");
        self.errors
            .push(error_at(self.source, other.span, &message));
    }

    fn unknown(&mut self, key: &Key, table: &str, known: &[&str]) {
        let message = format!("{table} has no key `{}`", key.name);
        let help = did_you_mean(nearest(&key.name, known.iter().copied()))
            .unwrap_or_else(|| format!("there are {}", list(known)));
        self.errors
            .push(error_at(self.source, place(&key.span), &message).help(help));
    }

    fn not_a_module(&mut self, key: &Key, node: &Node) {
        if nearest(&key.name, TASK).is_some() {
            return self.unknown(key, "a task", &TASK);
        }
        let found = &node.value;
        let message = format!("a task has no key `{}`", key.name);
        let error = error_at(self.source, place(&key.span), &message).help(format!(
            "there are {}; or, if `{}` is a module, its parameters are a table, and this is {found}",
            list(&TASK),
            key.name
        ));
        self.errors.push(error);
    }
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => quoted.join(""),
    }
}
