//! Modules that `deploy` can run, and the grants that their parameters name.

use super::wit::Wit;
use super::{Function, Module, ModuleError};
use proto::policy::{Grant, normal_path};
use proto::{Digest, Policy};
use wasmtime::component::{Type, Val};
use wit_parser::TypeDefKind;

/// The interface whose import asks for the grant `system`.
const SYSTEM: &str = "zymogen:task/system@";

/// A module that exports `run: func(params: params, mode: mode) -> result<report, failure>`.
#[derive(Clone, Debug)]
pub struct Task {
    /// What to call.
    pub function: Function,
    /// The record that a plan's parameters become.
    pub params: Type,
    /// The record that it reports; its first field is `outcome`.
    pub report: Type,
    /// The parameters that name what the task may touch.
    pub resources: Vec<Resource>,
    system: bool,
}

/// A parameter that names something to touch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// The fields that lead to it from `params`.
    pub path: Vec<String>,
    /// What its value names.
    pub kind: ResourceKind,
}

/// The types of `zymogen:task/grants`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResourceKind {
    /// A path that is read.
    ReadPath,
    /// A path that is written.
    WritePath,
    /// A program with its arguments.
    CommandLine,
    /// A file of the master.
    Source,
}

impl Task {
    /// The task of a module: its one exported function `run` of the right shape.
    pub(super) fn of(module: &Module) -> Result<Self, ModuleError> {
        let fail = |why: &str| ModuleError::NotATask {
            module: module.reference.name.clone(),
            why: why.to_owned(),
        };
        let function = module
            .functions()
            .into_iter()
            .find(|function| function.export.function == "run" && function.params.len() == 2)
            .ok_or_else(|| fail("it exports no function `run(params, mode)`"))?;
        let [(first, params), (second, mode)] = function.params.as_slice() else {
            return Err(fail("its `run` must take `params` and `mode`"));
        };
        if first != "params" || !matches!(params, Type::Record(_)) {
            return Err(fail(
                "the first parameter of `run` must be a record `params`",
            ));
        }
        let modes = match mode {
            Type::Enum(cases) => cases.names().eq(["check", "apply"]),
            _ => false,
        };
        if second != "mode" || !modes {
            return Err(fail(
                "the second parameter of `run` must be `mode: zymogen:task/types.mode`",
            ));
        }
        let report = report_of(&function).ok_or_else(|| {
            fail("`run` must return `result<report, failure>`, where `report` is a record that begins with `outcome: outcome`")
        })?;
        let mut resources = Vec::new();
        if let Some(params) = module.wit.param(&function.export, "params") {
            collect(&module.wit, params, &mut Vec::new(), &mut resources);
        }
        Ok(Self {
            params: params.clone(),
            report,
            resources,
            system: module.imports().iter().any(|name| name.starts_with(SYSTEM)),
            function,
        })
    }

    /// The least that a call with these parameters needs, and what it gets. When only checking,
    /// nothing may be written or executed.
    #[must_use]
    pub fn grants(&self, params: &Val, check: bool) -> Policy {
        let mut grants = Vec::new();
        if self.system {
            grants.push(Grant::System);
        }
        for resource in &self.resources {
            let mut values = Vec::new();
            values_at(resource.kind, params, &resource.path, &mut values);
            grants.extend(
                values
                    .into_iter()
                    .filter_map(|value| grant(resource.kind, value, check)),
            );
        }
        grants.sort();
        grants.dedup();
        Policy { grants }
    }
}

fn report_of(function: &Function) -> Option<Type> {
    let [(_, Type::Result(result))] = function.results.as_slice() else {
        return None;
    };
    let ok = result.ok()?;
    let (Type::Record(report), Type::Record(failure)) = (&ok, result.err()?) else {
        return None;
    };
    let first = report.fields().next()?;
    let Type::Record(outcome) = first.ty else {
        return None;
    };
    let fits = first.name == "outcome"
        && outcome
            .fields()
            .map(|field| field.name)
            .eq(["changed", "summary", "changes"])
        && failure
            .fields()
            .map(|field| field.name)
            .eq(["kind", "message", "hint"]);
    fits.then_some(ok)
}

/// Finds the grant types in a type, below options, lists and records.
fn collect(wit: &Wit, ty: wit_parser::Type, path: &mut Vec<String>, found: &mut Vec<Resource>) {
    let kind = match wit.grant_type(ty) {
        Some("read-path") => Some(ResourceKind::ReadPath),
        Some("write-path") => Some(ResourceKind::WritePath),
        Some("command-line") => Some(ResourceKind::CommandLine),
        Some("source") => Some(ResourceKind::Source),
        _ => None,
    };
    if let Some(kind) = kind {
        found.push(Resource {
            path: path.clone(),
            kind,
        });
        return;
    }
    match wit.resolved(ty) {
        Some(TypeDefKind::Option(inner) | TypeDefKind::List(inner)) => {
            collect(wit, *inner, path, found);
        }
        Some(TypeDefKind::Record(record)) => {
            for field in &record.fields {
                path.push(field.name.clone());
                collect(wit, field.ty, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The values that a path leads to, through options and lists. A command line is itself a list, and
/// stays whole.
fn values_at<'a>(kind: ResourceKind, value: &'a Val, path: &[String], found: &mut Vec<&'a Val>) {
    match (value, path) {
        (Val::Option(None), _) => {}
        (Val::Option(Some(inner)), _) => values_at(kind, inner, path, found),
        (Val::List(words), [])
            if kind == ResourceKind::CommandLine
                && words.iter().all(|word| matches!(word, Val::String(_))) =>
        {
            found.push(value);
        }
        (Val::List(items), _) => items
            .iter()
            .for_each(|item| values_at(kind, item, path, found)),
        (Val::Record(fields), [name, rest @ ..]) => {
            for (_, inner) in fields.iter().filter(|(field, _)| field == name) {
                values_at(kind, inner, rest, found);
            }
        }
        (_, []) => found.push(value),
        _ => {}
    }
}

fn grant(kind: ResourceKind, value: &Val, check: bool) -> Option<Grant> {
    match (kind, value) {
        // A path that has no normal form is granted to nobody; the task says what is wrong with it.
        (ResourceKind::ReadPath, Val::String(path)) => normal_path(path).map(Grant::Read),
        (ResourceKind::WritePath, Val::String(path)) if check => normal_path(path).map(Grant::Read),
        (ResourceKind::WritePath, Val::String(path)) => normal_path(path).map(Grant::Write),
        (ResourceKind::CommandLine, Val::List(_)) if check => None,
        (ResourceKind::CommandLine, Val::List(argv)) => {
            let argv = argv.iter().filter_map(|word| match word {
                Val::String(word) => Some(word.clone()),
                _ => None,
            });
            Some(Grant::Exec(argv.collect()))
        }
        (ResourceKind::Source, Val::Record(fields)) => {
            fields.iter().find_map(|field| match field {
                (name, Val::String(digest)) if name == "digest" => {
                    digest.parse::<Digest>().ok().map(Grant::Source)
                }
                _ => None,
            })
        }
        _ => None,
    }
}
