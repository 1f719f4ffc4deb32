//! Finds everything that can be wrong with a plan before any host is touched: names, modules, types,
//! templates, files. What depends on results that do not exist yet is checked as far as its names go, and
//! its type when it is known.

use super::model::{Plan, Spanned, Task};
use super::names::{Registered, Unknown};
use super::params::{self, Params};
use super::read::{Wrong, error_at, place};
use super::render::{self, Renderer};
use super::scope::Scope;
use super::secrets;
use super::template::{self, Engine};
use super::vars::{ANY, Overrides};
use crate::connect::{ContextSpec, Credential};
use crate::module::{self, Module, Repository};
use crate::output::{Diagnostic, Source};
use crate::value::{Node, Plain};
use minijinja::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A plan that can be applied: as far as anybody can know without touching a host.
pub struct Checked {
    /// The text that it was read from.
    pub source: Source,
    /// What it calls itself.
    pub name: Option<String>,
    /// Where it is applied.
    pub hosts: Vec<Host>,
    /// The values of its variables.
    pub vars: Value,
    /// Its secrets, and where they come from.
    pub secrets: BTreeMap<String, Credential>,
    /// What is to be done.
    pub tasks: Vec<Ready>,
    /// Where its relative paths begin.
    pub directory: PathBuf,
}

/// Where a plan is applied.
#[derive(Clone)]
pub struct Host {
    /// What people call it; logs of its slave come under the same name.
    pub name: String,
    /// The way there.
    pub spec: ContextSpec,
}

/// A task with its module.
pub struct Ready {
    /// What people call it.
    pub name: String,
    /// What does it.
    pub module: Arc<Module>,
    /// How.
    pub task: module::Task,
    /// Its parameters; templates are still in them, as they may depend on the host.
    pub params: Node,
    /// The name under which later tasks see its result.
    pub register: Option<String>,
    /// The condition on which it is done at all.
    pub when: Option<Spanned<String>>,
    /// Where those of its templates begin that use more than variables: what hosts report goes into them.
    pub from_hosts: BTreeSet<usize>,
}

/// What a plan is checked against.
pub struct Against<'a> {
    /// The modules that there are.
    pub repository: &'a Repository,
    /// Evaluates templates.
    pub engine: &'a Engine,
    /// What `-e` gives.
    pub overrides: &'a Overrides,
    /// Where the plan's relative paths begin.
    pub directory: PathBuf,
}

/// Checks a plan.
///
/// # Errors
/// Everything that is wrong, in the order of the text.
pub fn check(plan: Plan, against: &Against<'_>) -> Result<Checked, Vec<Diagnostic>> {
    check_parts(plan, Wrong::default(), against)
}

/// Checks what could be read of a plan.
///
/// # Errors
/// What was already wrong with it, too.
pub fn check_parts(
    plan: Plan,
    wrong: Wrong,
    against: &Against<'_>,
) -> Result<Checked, Vec<Diagnostic>> {
    let mut checker = Checker {
        plan: &plan,
        against,
        scope: Scope::new(Value::from(())),
        has_vars: !wrong.vars,
        has_names: !wrong.registered,
        registered: Registered::default(),
        used: BTreeSet::new(),
        errors: wrong.errors,
    };
    let vars = checker.vars();
    let hosts = checker.hosts();
    let tasks: Vec<_> = plan
        .tasks
        .iter()
        .filter_map(|task| checker.task(task))
        .collect();
    let mut errors = checker.errors;
    // What could not be read may use them.
    if errors.is_empty() || !(wrong.vars || wrong.registered) {
        errors.extend(against.overrides.unused(&plan, &checker.used));
    }
    if errors.is_empty() {
        return Ok(Checked {
            name: plan.name,
            source: plan.source,
            hosts,
            vars,
            secrets: plan.secrets,
            tasks,
            directory: against.directory.clone(),
        });
    }
    errors.sort_by_key(Diagnostic::offset);
    Err(errors)
}

struct Checker<'a> {
    plan: &'a Plan,
    against: &'a Against<'a>,
    scope: Scope,
    /// False if the variables are wrong, so that nothing can be said about what uses them.
    has_vars: bool,
    /// False if a task was not read, which may register any name.
    has_names: bool,
    registered: Registered,
    used: BTreeSet<String>,
    errors: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn vars(&mut self) -> Value {
        let mut strings = Vec::new();
        for entry in &self.plan.vars {
            strings_in(&entry.value, &mut strings);
        }
        for (text, _) in strings {
            // A template that cannot be understood is complained of below.
            let names = self.against.engine.names(text).unwrap_or_default();
            names.iter().for_each(|name| self.uses(name));
        }
        match self.against.overrides.apply(self.plan, self.against.engine) {
            Ok(vars) => {
                self.scope = Scope::new(vars.clone());
                vars
            }
            Err(errors) => {
                // Of variables that were not read as a whole it says what may not be so.
                if std::mem::take(&mut self.has_vars) {
                    self.errors.extend(errors);
                }
                Value::from(())
            }
        }
    }

    fn hosts(&mut self) -> Vec<Host> {
        let mut hosts = Vec::new();
        for host in &self.plan.hosts {
            match host.value.parse::<ContextSpec>() {
                Ok(spec) => hosts.push(Host {
                    name: spec.name(),
                    spec,
                }),
                Err(error) => {
                    let error = self.error(&host.span, &error.to_string());
                    self.errors.push(error);
                }
            }
        }
        hosts
    }

    fn task(&mut self, task: &Task) -> Option<Ready> {
        let found = self.module(task);
        self.condition(task);
        let deferred = self.templates(&task.params);
        let ready = found.map(|(module, run)| {
            self.params(task, &run, &deferred);
            Ready {
                name: task.name.clone(),
                module,
                task: run,
                params: task.params.clone(),
                register: task.register.as_ref().map(|name| name.value.clone()),
                when: task.when.clone(),
                from_hosts: deferred,
            }
        });
        if let Some(name) = &task.register {
            let report = ready.as_ref().map(|ready| ready.task.report.clone());
            self.registered.add(&name.value, report);
        }
        ready
    }

    fn module(&mut self, task: &Task) -> Option<(Arc<Module>, module::Task)> {
        let name = &task.module.value;
        let reference = params::module_reference(&self.against.directory, name);
        let found = self.against.repository.find(&reference);
        let found = found.and_then(|module| Ok((module.clone(), module.task()?)));
        match found {
            Ok(found) => Some(found),
            Err(error) => {
                let shown = self.error(&task.module.span, &error.to_string());
                self.errors.push(shown.maybe_help(error.hint()));
                None
            }
        }
    }

    fn condition(&mut self, task: &Task) {
        let Some(when) = &task.when else { return };
        match self.against.engine.names_of_condition(&when.value) {
            Err(error) => {
                let error = render::in_template(&self.plan.source, &error, &when.value, &when.span);
                let braces = when.value.contains("{{");
                let help =
                    braces.then_some("a condition is an expression already: leave out the `{{ }}`");
                self.errors.push(error.maybe_help(help));
            }
            Ok(names) if self.are_known(&names, &when.value, &when.span) => {
                if let Err(error) = self.renderer().condition(when) {
                    self.errors.push(error);
                }
            }
            Ok(_) => {}
        }
    }

    /// Checks all templates in a tree. Gives back where those are that have no value yet.
    fn templates(&mut self, node: &Node) -> BTreeSet<usize> {
        let mut deferred = BTreeSet::new();
        let mut strings = Vec::new();
        strings_in(node, &mut strings);
        for (text, span) in strings {
            match self.against.engine.names(text) {
                Err(error) => {
                    let shown = render::in_template(&self.plan.source, &error, text, &span);
                    self.errors.push(render::about_braces(shown, &error));
                    deferred.insert(span.start);
                }
                Ok(names) => {
                    if !self.are_known(&names, text, &span) {
                        deferred.insert(span.start);
                    }
                }
            }
        }
        deferred
    }

    /// Are all names variables, so that a value can be had now? Complains of those that do not exist.
    fn are_known(&mut self, names: &BTreeSet<String>, text: &str, span: &Range<usize>) -> bool {
        let later = self
            .plan
            .tasks
            .iter()
            .filter_map(|task| task.register.as_ref());
        let later: Vec<_> = later.map(|name| name.value.as_str()).collect();
        let mut only_vars = true;
        for name in names {
            if template::root(name) == "vars" {
                self.uses(name);
                only_vars &= self.has_vars;
                continue;
            }
            only_vars = false;
            if let Err(unknown) = self.registered.check(name, &later)
                && (self.has_names || unknown.path != template::root(name))
            {
                let error = self.unknown(&unknown, text, span);
                self.errors.push(error);
            }
        }
        only_vars
    }

    /// Remembers which variable a name is. `vars` alone may be any of them.
    fn uses(&mut self, name: &str) {
        if template::root(name) == "vars" {
            let variable = name.split('.').nth(1).unwrap_or(ANY);
            self.used.insert(variable.to_owned());
        }
    }

    fn unknown(&self, unknown: &Unknown, text: &str, span: &Range<usize>) -> Diagnostic {
        let part = text
            .find(&unknown.path)
            .map(|at| at..at + unknown.path.len());
        let at = part.and_then(|part| render::place_in(&self.plan.source, text, span, part));
        self.error(&at.unwrap_or_else(|| span.clone()), &unknown.message)
            .maybe_help(unknown.help.clone())
    }

    fn params(&mut self, task: &Task, run: &module::Task, deferred: &BTreeSet<usize>) {
        let mut known = |span: &Range<usize>| !deferred.contains(&span.start);
        let rendered = match self.renderer().tree(&task.params, &mut known) {
            Ok(rendered) => rendered,
            Err(errors) => return self.errors.extend(errors),
        };
        let params = Params {
            source: &self.plan.source,
            module: &task.module.value,
            task: run,
            directory: &self.against.directory,
            from_hosts: deferred,
        };
        let mut errors = params.check(&rendered, &mut known);
        errors.extend(secrets::unknown(
            &self.plan.source,
            &self.plan.secrets,
            &run.resources,
            &rendered,
            &mut known,
        ));
        self.errors.extend(errors);
    }

    fn renderer(&self) -> Renderer<'_> {
        Renderer {
            engine: self.against.engine,
            source: &self.plan.source,
            scope: &self.scope,
        }
    }

    fn error(&self, span: &Range<usize>, message: &str) -> Diagnostic {
        error_at(&self.plan.source, span.clone(), message)
    }
}

fn strings_in<'a>(node: &'a Node, found: &mut Vec<(&'a str, Range<usize>)>) {
    match &node.value {
        Plain::Text(text) => found.push((text, place(&node.span))),
        Plain::List(items) => items.iter().for_each(|item| strings_in(item, found)),
        Plain::Table(entries) => entries.iter().for_each(|(_, node)| strings_in(node, found)),
        _ => {}
    }
}
