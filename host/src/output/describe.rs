//! What a module is, for people who want to use it: its prose, what it takes, what it may touch.

mod example;
#[cfg(test)]
mod tests;

use super::style::{self, paint};
use super::text::printable;
use crate::error::Error;
use crate::module::wit::{Field, Named, Part};
use crate::module::{Bound, Function, Module, Resource, ResourceKind, Task, Use};
use example::example;
use runtime::value::describe;
use serde::Serialize;
use std::fmt::Write as _;

/// Everything that is known about a module.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    /// What plans and calls name it.
    name: String,
    /// BLAKE3 of the component.
    digest: String,
    /// Its prose.
    docs: String,
    /// What a plan can give and get, if it is a task.
    task: Option<TaskDescription>,
    /// Its functions.
    exports: Vec<ExportDescription>,
    /// The types that it has names for.
    types: Vec<TypeDescription>,
    /// The interfaces of its host that it uses.
    imports: Vec<String>,
    /// The other modules in it, and what each is used for.
    uses: Vec<Use>,
    /// Its imports that are bound to modules elsewhere.
    bound: Vec<BoundDescription>,
}

#[derive(Clone, Debug, Serialize)]
struct BoundDescription {
    interface: String,
    context: String,
    module: String,
}

#[derive(Clone, Debug, Serialize)]
struct TaskDescription {
    params: Vec<FieldDescription>,
    report: Vec<FieldDescription>,
    example: String,
}

#[derive(Clone, Debug, Serialize)]
struct FieldDescription {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    required: bool,
    docs: String,
    /// The names that its value may be, if it is one of a few.
    cases: Vec<String>,
    /// What its value permits the task to do.
    grants: Option<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
struct ExportDescription {
    name: String,
    signature: String,
    docs: String,
}

#[derive(Clone, Debug, Serialize)]
struct TypeDescription {
    name: String,
    /// `record`, `variant`, `enum` or `flags`.
    kind: &'static str,
    parts: Vec<PartDescription>,
}

#[derive(Clone, Debug, Serialize)]
struct PartDescription {
    name: String,
    /// Null where a case has no payload, and for flags.
    #[serde(rename = "type")]
    ty: Option<String>,
    docs: String,
}

/// A module's prose in one line.
#[must_use]
pub fn summary_of(module: &Module) -> String {
    let docs = docs_of(module);
    let first = docs.split("\n\n").next().unwrap_or_default();
    printable(&first.replace('\n', " ")).into_owned()
}

impl Description {
    /// Reads it from the module. `name` is what the user calls it.
    ///
    /// # Errors
    /// None at present; a module that is no task is described by its functions.
    pub fn of(module: &Module, name: &str) -> Result<Self, Error> {
        let task = module.task().ok();
        let docs = docs_of(module);
        let functions = functions(module);
        Ok(Self {
            name: name.to_owned(),
            digest: module.reference.digest.to_string(),
            types: types(module, task.as_ref(), &functions),
            task: task.map(|task| TaskDescription::of(module, &task, name, &docs)),
            docs,
            exports: functions.iter().map(|f| export(module, f)).collect(),
            imports: module.imports(),
            uses: module.uses.clone(),
            bound: module.bound.iter().map(bound).collect(),
        })
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        // Nothing in it has no JSON.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// For a terminal, with escapes for colours.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = format!("{}\n", paint(style::STRONG, &printable(&self.name)));
        for line in self.docs.lines() {
            push(&mut out, "  ", line);
        }
        match &self.task {
            Some(task) => task.render(&mut out),
            None => self.functions("Functions", &mut out),
        }
        if self.task.is_some() && self.exports.len() > 1 {
            self.functions("Functions", &mut out);
        }
        // The cases of an enum stand where it is used; more than that only prose can say.
        let is_told = |ty: &&TypeDescription| {
            ty.kind != "enum" || ty.parts.iter().any(|part| !part.docs.is_empty())
        };
        let told: Vec<_> = self.types.iter().filter(is_told).collect();
        if !told.is_empty() {
            heading(&mut out, "Types");
            for ty in told {
                ty.render(&mut out);
            }
        }
        if !self.uses.is_empty() {
            heading(&mut out, "Uses of other modules");
            for Use {
                module,
                interface,
                from,
            } in &self.uses
            {
                push(&mut out, "  ", &format!("{module} -> {from}: {interface}"));
            }
        }
        if !self.bound.is_empty() {
            heading(&mut out, "Uses of modules elsewhere");
            for BoundDescription {
                interface,
                context,
                module,
            } in &self.bound
            {
                push(
                    &mut out,
                    "  ",
                    &format!("{interface} -> {context} {module}"),
                );
            }
        }
        let is_bound =
            |import: &&String| self.bound.iter().any(|bound| bound.interface == **import);
        let hosts = self.imports.iter().filter(|import| !is_bound(import));
        let uses = uses(hosts);
        if !uses.is_empty() {
            heading(&mut out, "Uses of its host");
            push(&mut out, "  ", &uses.join(", "));
        }
        out
    }

    fn functions(&self, title: &str, out: &mut String) {
        heading(out, title);
        for export in &self.exports {
            export.render(out);
        }
    }
}

impl TaskDescription {
    fn of(module: &Module, task: &Task, name: &str, docs: &str) -> Self {
        let export = &task.function.export;
        let fields = module.wit.record_fields(export, "params");
        let describe = |field: &Field| FieldDescription {
            name: field.name.clone(),
            ty: field.text.clone(),
            required: !field.text.starts_with("option<"),
            docs: field.docs.clone().unwrap_or_default(),
            cases: module.wit.cases(field.ty),
            grants: grants(&task.resources, &field.name),
        };
        let report = module.wit.report_fields(export);
        let report = report.iter().filter(|field| field.name != "outcome");
        Self {
            params: fields.iter().map(describe).collect(),
            report: report
                .map(|field| FieldDescription {
                    name: crate::plan::scope::name_in_templates(&field.name),
                    required: true,
                    grants: None,
                    ..describe(field)
                })
                .collect(),
            example: match docs.contains("[[task]]") {
                true => String::new(),
                false => example(&module.wit, name, &fields),
            },
        }
    }

    fn render(&self, out: &mut String) {
        heading(out, "Parameters");
        if self.params.is_empty() {
            push(out, "  ", "none");
        }
        for field in &self.params {
            field.render(out);
        }
        heading(out, "Can be registered");
        push(out, "  ", "changed, failed, skipped, summary, and:");
        for field in &self.report {
            field.render(out);
        }
        if !self.example.is_empty() {
            heading(out, "Example");
            for line in self.example.lines() {
                push(out, "  ", line);
            }
        }
    }
}

impl FieldDescription {
    fn render(&self, out: &mut String) {
        let need = if self.required { "" } else { " " };
        let name = paint(style::STRONG, &printable(&self.name));
        let ty = paint(style::DIM, &printable(&self.ty));
        // Writing to a String does not fail.
        let _ = writeln!(out, "  {name}{need} {ty}");
        for line in self.docs.lines() {
            push(out, "      ", line);
        }
        if !self.cases.is_empty() {
            push(out, "      ", &format!("One of: {}", self.cases.join(", ")));
        }
        if let Some(grants) = self.grants {
            push(out, "      ", &format!("Permission: {grants}"));
        }
    }
}

impl TypeDescription {
    fn render(&self, out: &mut String) {
        let name = paint(style::STRONG, &printable(&self.name));
        // Writing to a String does not fail.
        let _ = writeln!(out, "  {name} {}", paint(style::DIM, self.kind));
        for part in &self.parts {
            let ty = part.ty.as_deref().map(|ty| match self.kind {
                "record" => format!(" {ty}"),
                _ => format!("({ty})"),
            });
            push(
                out,
                "      ",
                &format!("{}{}", part.name, ty.unwrap_or_default()),
            );
            for line in part.docs.lines() {
                push(out, "          ", line);
            }
        }
    }
}

impl ExportDescription {
    fn render(&self, out: &mut String) {
        let name = paint(style::STRONG, &printable(&self.name));
        // Writing to a String does not fail.
        let _ = writeln!(out, "  {name}: {}", printable(&self.signature));
        for line in self.docs.lines() {
            push(out, "      ", line);
        }
    }
}

/// What its imports amount to: each interface of Zymogen by its name, those of WASI together.
fn uses<'a>(imports: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut uses = Vec::new();
    for import in imports {
        let (name, version) = import.split_once('@').unwrap_or((import, ""));
        let use_ = match name.split_once('/') {
            // These two have types only.
            Some(("zymogen:task", "types" | "grants")) => continue,
            Some(("zymogen:task", interface)) => interface.to_owned(),
            Some((package, _)) if package.starts_with("wasi:") => {
                let mut version = version.splitn(3, '.');
                let (major, minor) = (version.next(), version.next());
                format!("WASI {}.{}", major.unwrap_or("0"), minor.unwrap_or("?"))
            }
            _ => import.clone(),
        };
        if !uses.contains(&use_) {
            uses.push(use_);
        }
    }
    uses
}

fn bound(bound: &Bound) -> BoundDescription {
    BoundDescription {
        interface: bound.interface.clone(),
        context: bound.callee.context.clone(),
        module: bound.callee.module.clone(),
    }
}

/// The prose of its first exported interface that has some.
fn docs_of(module: &Module) -> String {
    let interfaces = module.wit.interfaces();
    let docs = interfaces
        .iter()
        .find_map(|(name, _)| module.wit.interface_docs(name));
    docs.unwrap_or_default().trim().to_owned()
}

fn export(module: &Module, function: &Function) -> ExportDescription {
    let params = function.params.iter().map(|(name, ty)| {
        let named = module.wit.param(&function.export, name);
        let ty = named.map_or_else(|| describe(ty), |ty| module.wit.text(ty));
        format!("{name}: {ty}")
    });
    let params: Vec<_> = params.collect();
    let result = function.results.first().map(|(_, ty)| {
        let named = module.wit.result(&function.export);
        let ty = named.map_or_else(|| describe(ty), |ty| module.wit.text(ty));
        format!(" -> {ty}")
    });
    let kind = if function.is_async {
        "async func"
    } else {
        "func"
    };
    let docs = module.wit.function_docs(&function.export);
    ExportDescription {
        name: function.export.to_string(),
        signature: format!(
            "{kind}({}){}",
            params.join(", "),
            result.unwrap_or_default()
        ),
        docs: docs.unwrap_or_default().trim().to_owned(),
    }
}

/// What may be called. componentize-py leaves a function behind by which it has started the interpreter.
fn functions(module: &Module) -> Vec<Function> {
    let mut functions = module.functions();
    functions.retain(|function| function.export.interface.as_deref() != Some("exports"));
    functions
}

/// All that its functions name. The records of a task's parameters and of its report are shown in a better way.
fn types(module: &Module, task: Option<&Task>, functions: &[Function]) -> Vec<TypeDescription> {
    let wit = &module.wit;
    let roots = functions.iter().flat_map(|function| {
        let export = &function.export;
        match task.is_some_and(|task| task.function.export == *export) {
            true => {
                let params = wit.record_fields(export, "params");
                let report = wit.report_fields(export);
                params.iter().chain(&report).map(|field| field.ty).collect()
            }
            false => wit.types(export),
        }
    });
    let part = |part: Part| PartDescription {
        name: part.name,
        ty: part.ty,
        docs: part.docs.unwrap_or_default(),
    };
    let ty = |ty: Named| TypeDescription {
        name: ty.name,
        kind: ty.kind,
        parts: ty.parts.into_iter().map(part).collect(),
    };
    wit.named(roots).into_iter().map(ty).collect()
}

fn grants(resources: &[Resource], field: &str) -> Option<&'static str> {
    let resource = resources
        .iter()
        .find(|r| r.path.first().is_some_and(|name| name == field))?;
    Some(match resource.kind {
        ResourceKind::ReadPath => "to read what it names",
        ResourceKind::WritePath => "to read, make, change and remove what it names",
        ResourceKind::CommandLine => "to run exactly this",
        ResourceKind::CommandEnvironment => "to run it with exactly these variables",
        ResourceKind::CommandDirectory => "to run it there",
        ResourceKind::CommandInput => "to give it exactly this",
        ResourceKind::Address => "to connect to it, or listen there",
        ResourceKind::Secret => "to read this secret of the plan",
        ResourceKind::Callee => "to call all its functions there, under the same policy",
        ResourceKind::Service => "to call all its methods",
        ResourceKind::Channel => "to send to it and receive from it",
        ResourceKind::Source => "to read this file of the master",
    })
}

fn heading(out: &mut String, text: &str) {
    out.push_str(&format!("\n{}\n", paint(style::STRONG, text)));
}

fn push(out: &mut String, indent: &str, line: &str) {
    let line = format!("{indent}{}", printable(line));
    out.push_str(line.trim_end());
    out.push('\n');
}
