//! Imports that this context does not offer, and that are bound to a module elsewhere: each function of theirs asks the master.
//!
//! The guest knows nothing of it. Its values travel as those of any call do, by the types of its own import; that the
//! export on the other side has the same types the master has made sure of.

use crate::executor::allowance;
use crate::value;
use proto::CallLimits;
use proto::message::{CallImport, ImportOutcome, Outcome, Refusal};
use sandbox::Asks;
use sandbox::{Denied, Guest};
use std::sync::Arc;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Linker, Type, Val};
use wasmtime::{Result, bail, format_err};

/// A function of such an import.
struct Bound {
    interface: String,
    function: String,
    params: Vec<(String, Type)>,
    results: Vec<(String, Type)>,
}

/// Is this interface for the host to offer, in versions of its own?
#[must_use]
pub fn is_hosts(interface: &str) -> bool {
    interface.starts_with("wasi:") || interface.starts_with("zymogen:task/")
}

/// The interfaces with functions that a component imports and that are not the host's, and these functions.
#[must_use]
pub fn foreign(component: &Component) -> Vec<(String, Vec<(String, ComponentFunc)>)> {
    let engine = component.engine();
    let mut found = Vec::new();
    for (name, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else {
            continue;
        };
        if is_hosts(name) {
            continue;
        }
        let functions = instance
            .exports(engine)
            .filter_map(|(name, item)| match item.ty {
                ComponentItem::ComponentFunc(function) => Some((name.to_owned(), function)),
                _ => None,
            });
        let functions: Vec<_> = functions.collect();
        if !functions.is_empty() {
            found.push((name.to_owned(), functions));
        }
    }
    found
}

/// Defines these functions in a linker, those of all interfaces that are `wanted`. Gives the name of one of them, if there is any.
pub(crate) fn define(
    linker: &mut Linker<Guest>,
    component: &Component,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Option<String>> {
    let mut any = None;
    for (interface, functions) in foreign(component) {
        if !wanted(&interface) {
            continue;
        }
        let mut instance = linker.instance(&interface)?;
        for (name, ty) in functions {
            let bound = Arc::new(Bound::new(&interface, &name, &ty)?);
            if ty.async_() {
                instance.func_new_concurrent(&name, move |accessor, _, params, results| {
                    let (asks, limits) = accessor.with(|mut access| of(access.get()));
                    let bound = bound.clone();
                    Box::pin(async move { bound.call(asks, limits, params, results).await })
                })?;
            } else {
                instance.func_new_async(&name, move |store, _, params, results| {
                    let (asks, limits) = of(store.data());
                    let bound = bound.clone();
                    Box::new(async move { bound.call(asks, limits, params, results).await })
                })?;
            }
        }
        any = Some(interface);
    }
    Ok(any)
}

fn of(guest: &Guest) -> (Asks, CallLimits) {
    (guest.asks(), guest.limits)
}

impl Bound {
    fn new(interface: &str, function: &str, ty: &ComponentFunc) -> Result<Self> {
        let params = ty.params().map(|(name, ty)| (name.to_owned(), ty));
        let bound = Self {
            interface: interface.to_owned(),
            function: function.to_owned(),
            params: params.collect(),
            results: ty.results().map(|ty| ("result".to_owned(), ty)).collect(),
        };
        for slots in [&bound.params, &bound.results] {
            value::supported(slots)
                .and_then(|()| value::data_only(slots))
                .map_err(|error| {
                    format_err!("`{interface}#{function}` cannot be called elsewhere: {error}")
                })?;
            if value::holds(slots, value::is_handle) {
                bail!(
                    "`{interface}#{function}` cannot be called elsewhere: streams and futures are for callers"
                );
            }
        }
        Ok(bound)
    }

    async fn call(
        &self,
        asks: Asks,
        limits: CallLimits,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let mut arguments = Vec::new();
        value::encode_all(&self.params, params, &mut arguments)?;
        let asked = asks.ask("import", |ticket| CallImport {
            ticket,
            interface: self.interface.clone(),
            function: self.function.clone(),
            arguments: arguments.into(),
        });
        let answer: Result<ImportOutcome, Refusal> = asked.await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(Refusal::Denied(why)) => return Err(Denied(why).into()),
            Err(Refusal::Invalid(why) | Refusal::Failed(why) | Refusal::Broken(why)) => {
                return Err(self.ended(&why));
            }
        };
        match answer.outcome {
            Outcome::Returned(_) | Outcome::Failed(_) => {}
            Outcome::Denied(why) => return Err(Denied(self.said(&why)).into()),
            Outcome::Trapped(why) => return Err(self.ended(&format!("trapped: {why}"))),
            Outcome::Exited(status) => {
                return Err(self.ended(&format!("ended itself with status {status}")));
            }
            Outcome::OverLimit { limit, .. } => {
                return Err(self.ended(&format!("used up its {limit}")));
            }
            Outcome::Refused { message, .. } => return Err(self.ended(&message)),
            Outcome::Cancelled => return Err(self.ended("was cancelled")),
            Outcome::Dead(dead) => return Err(self.ended(&dead.to_string())),
        }
        let mut value = answer.value.as_ref();
        let decoded = allowance(limits).decode_all(&self.results, &mut value)?;
        value::finish(value)?;
        for (slot, value) in results.iter_mut().zip(decoded) {
            *slot = value;
        }
        Ok(())
    }

    fn said(&self, why: &str) -> String {
        format!(
            "{why} (in `{}#{}`, which is bound to another module)",
            self.interface, self.function
        )
    }

    /// The import did not come to its end, and so this guest cannot, either.
    fn ended(&self, why: &str) -> wasmtime::Error {
        wasmtime::Error::msg(format!(
            "`{}#{}`, which is bound to another module: {why}",
            self.interface, self.function
        ))
    }
}
