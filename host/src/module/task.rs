//! Modules that `deploy` can run, and the grants that their parameters name: `grants` derives them.

mod grants;

pub use grants::{Resource, ResourceKind};

use super::{Function, Module, ModuleError};
use proto::Policy;
use proto::policy::Grant;
use wasmtime::component::{Type, Val};

/// The interfaces whose import asks for the grant `system`.
const SYSTEM: [&str; 2] = ["zymogen:task/system@", "zymogen:task/users@"];

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
            grants::collect(&module.wit, params, &mut Vec::new(), &mut resources);
        }
        Ok(Self {
            params: params.clone(),
            report,
            resources,
            system: module
                .imports()
                .iter()
                .any(|name| SYSTEM.iter().any(|system| name.starts_with(system))),
            function,
        })
    }

    /// The names of the secrets that a call with these parameters needs. Their values are not the module's to know.
    pub fn secrets<'a>(&self, params: &'a Val) -> impl Iterator<Item = &'a str> {
        grants::secrets(&self.resources, params)
    }

    /// The least that a call with these parameters needs, and what it gets. When only checking,
    /// nothing may be written or executed.
    #[must_use]
    pub fn grants(&self, params: &Val, check: bool) -> Policy {
        let mut grants = Vec::new();
        if self.system {
            grants.push(Grant::System);
        }
        grants.extend(grants::grants(&self.resources, params, check));
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
