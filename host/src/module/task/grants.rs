//! From the parameters of a task to what they grant, by the types of `zymogen:task/grants`.

use crate::module::wit::Wit;
use proto::Digest;
use proto::policy::{Address, Callee, Exec, Grant, Input, normal_path};
use wasmtime::component::Val;
use wit_parser::TypeDefKind;

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
    /// The variables of the command lines in the same record.
    CommandEnvironment,
    /// The working directory of the command lines in the same record.
    CommandDirectory,
    /// The standard input of the command lines in the same record.
    CommandInput,
    /// Where on the network.
    Address,
    /// The name of a secret of the plan.
    Secret,
    /// A module in a context.
    Callee,
    /// The name of a service of the master.
    Service,
    /// The name of a channel.
    Channel,
    /// A file of the master.
    Source,
}

/// Finds the grant types in a type, below options, lists and records.
pub(super) fn collect(
    wit: &Wit,
    ty: wit_parser::Type,
    path: &mut Vec<String>,
    found: &mut Vec<Resource>,
) {
    let kind = match wit.grant_type(ty) {
        Some("read-path") => Some(ResourceKind::ReadPath),
        Some("write-path") => Some(ResourceKind::WritePath),
        Some("command-line") => Some(ResourceKind::CommandLine),
        Some("command-environment") => Some(ResourceKind::CommandEnvironment),
        Some("command-directory") => Some(ResourceKind::CommandDirectory),
        Some("command-input") => Some(ResourceKind::CommandInput),
        Some("address") => Some(ResourceKind::Address),
        Some("secret") => Some(ResourceKind::Secret),
        Some("callee") => Some(ResourceKind::Callee),
        Some("service") => Some(ResourceKind::Service),
        Some("channel") => Some(ResourceKind::Channel),
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

/// What the parameters grant. When only checking, nothing may be written or executed.
pub(super) fn grants(resources: &[Resource], params: &Val, check: bool) -> Vec<Grant> {
    let mut grants = Vec::new();
    for resource in resources {
        let values = values_at(resource.kind, params, &resource.path).into_iter();
        // A path that has no normal form is granted to nobody; the task says what is wrong with it.
        match resource.kind {
            ResourceKind::ReadPath => grants.extend(values.filter_map(path).map(Grant::Read)),
            ResourceKind::WritePath if check => {
                grants.extend(values.filter_map(path).map(Grant::Read));
            }
            ResourceKind::WritePath => grants.extend(values.filter_map(path).map(Grant::Write)),
            ResourceKind::Address => grants.extend(values.filter_map(address).map(Grant::Net)),
            ResourceKind::Callee => grants.extend(values.filter_map(callee).map(Grant::Call)),
            ResourceKind::Service => grants.extend(values.filter_map(name).map(Grant::Service)),
            ResourceKind::Channel => grants.extend(values.filter_map(name).map(Grant::Channel)),
            ResourceKind::Source => grants.extend(values.filter_map(source).map(Grant::Source)),
            ResourceKind::CommandLine if check => {}
            ResourceKind::CommandLine => {
                grants.extend(commands(resources, resource, params).map(Grant::Exec));
            }
            // The plan has the values.
            ResourceKind::Secret => {}
            // They are parts of a command, and grant nothing without one.
            ResourceKind::CommandEnvironment
            | ResourceKind::CommandDirectory
            | ResourceKind::CommandInput => {}
        }
    }
    grants
}

/// The names of secrets in the parameters.
pub(super) fn secrets<'a>(
    resources: &[Resource],
    params: &'a Val,
) -> impl Iterator<Item = &'a str> {
    let named = resources.iter().filter(|r| r.kind == ResourceKind::Secret);
    named
        .flat_map(|resource| values_at(resource.kind, params, &resource.path))
        .filter_map(text)
}

/// The commands that one parameter names, each with what its own record says of it.
fn commands(resources: &[Resource], line: &Resource, params: &Val) -> impl Iterator<Item = Exec> {
    let (name, parent) = match line.path.split_last() {
        Some((name, parent)) => (std::slice::from_ref(name), parent),
        None => (&[][..], &[][..]),
    };
    let mut commands = Vec::new();
    for record in records_at(params, parent) {
        let beside = |kind| {
            let found = resources.iter().find(|resource| {
                resource.kind == kind
                    && resource.path.len() == line.path.len()
                    && resource.path.starts_with(parent)
            })?;
            let own = &found.path[parent.len()..];
            values_at(kind, record, own).into_iter().next()
        };
        let lines = values_at(ResourceKind::CommandLine, record, name);
        commands.extend(lines.into_iter().filter_map(|argv| {
            command(
                argv,
                beside(ResourceKind::CommandEnvironment),
                beside(ResourceKind::CommandDirectory),
                beside(ResourceKind::CommandInput),
            )
        }));
    }
    commands.into_iter()
}

/// One command. What no parameter names it has not: no variables, no input, and `/` as its directory.
fn command(
    argv: &Val,
    environment: Option<&Val>,
    directory: Option<&Val>,
    input: Option<&Val>,
) -> Option<Exec> {
    let Val::List(words) = argv else { return None };
    let argv: Vec<_> = words.iter().filter_map(text).map(str::to_owned).collect();
    if !argv
        .first()
        .is_some_and(|program| Exec::is_program(program))
    {
        return None;
    }
    let mut exec = Exec::new(argv);
    if let Some(Val::List(pairs)) = environment {
        exec.env = pairs.iter().filter_map(variable).collect();
    }
    if let Some(directory) = directory {
        exec.cwd = path(directory)?;
    }
    if let Some(input) = input.and_then(text).filter(|input| !input.is_empty()) {
        exec.input = Input::This(Digest(*blake3::hash(input.as_bytes()).as_bytes()));
    }
    Some(exec)
}

/// The values that a path leads to, through options and lists. What is itself a list stays whole.
fn values_at<'a>(kind: ResourceKind, value: &'a Val, path: &[String]) -> Vec<&'a Val> {
    let whole = |items: &[Val]| match kind {
        ResourceKind::CommandLine => items.iter().all(|item| matches!(item, Val::String(_))),
        ResourceKind::CommandEnvironment => items.iter().all(|item| matches!(item, Val::Tuple(_))),
        _ => false,
    };
    let mut found = Vec::new();
    walk(value, path, &whole, &mut found);
    found
}

/// The records that a path leads to, in the same way.
fn records_at<'a>(value: &'a Val, path: &[String]) -> Vec<&'a Val> {
    let mut found = Vec::new();
    walk(value, path, &|_| false, &mut found);
    found
}

fn walk<'a>(
    value: &'a Val,
    path: &[String],
    whole: &dyn Fn(&[Val]) -> bool,
    found: &mut Vec<&'a Val>,
) {
    match (value, path) {
        (Val::Option(None), _) => {}
        (Val::Option(Some(inner)), _) => walk(inner, path, whole, found),
        (Val::List(items), []) if whole(items) => found.push(value),
        (Val::List(items), _) => items.iter().for_each(|item| walk(item, path, whole, found)),
        (Val::Record(fields), [name, rest @ ..]) => {
            for (_, inner) in fields.iter().filter(|(field, _)| field == name) {
                walk(inner, rest, whole, found);
            }
        }
        (_, []) => found.push(value),
        _ => {}
    }
}

fn text(value: &Val) -> Option<&str> {
    match value {
        Val::String(text) => Some(text),
        _ => None,
    }
}

fn path(value: &Val) -> Option<String> {
    text(value).and_then(normal_path)
}

/// A parameter names one port; `*` would be none that a task could connect to.
fn address(value: &Val) -> Option<Address> {
    let address: Address = text(value)?.parse().ok()?;
    address.port.is_some().then_some(address)
}

fn callee(value: &Val) -> Option<Callee> {
    text(value)?.parse().ok()
}

fn name(value: &Val) -> Option<String> {
    text(value).map(str::to_owned)
}

fn variable(value: &Val) -> Option<(String, String)> {
    match value {
        Val::Tuple(pair) => match pair.as_slice() {
            [Val::String(name), Val::String(value)] => Some((name.clone(), value.clone())),
            _ => None,
        },
        _ => None,
    }
}

fn source(value: &Val) -> Option<Digest> {
    let Val::Record(fields) = value else {
        return None;
    };
    let (_, digest) = fields.iter().find(|(name, _)| name == "digest")?;
    text(digest)?.parse().ok()
}
