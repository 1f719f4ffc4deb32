//! Functions of modules elsewhere, by name and in JSON.

use super::super::call::{CallResult, Place, Target, ended};
use super::super::context::Shared;
use super::ticket::Ticket;
use crate::module::Function;
use crate::value::{Mismatch, from_json, to_json};
use proto::message::{CallElsewhere, Refusal};
use proto::policy::Callee;
use serde_json::Value;
use std::sync::Arc;
use wasmtime::component::{Type, Val};

pub(super) async fn call(
    shared: Shared,
    ticket: Arc<Ticket>,
    request: CallElsewhere,
) -> Result<String, Refusal> {
    let invalid = |why: String| Refusal::Invalid(why);
    let callee = request.callee.parse::<Callee>();
    let callee = callee.map_err(|error| invalid(error.to_string()))?;
    if !ticket.policy.may_call(&callee) {
        return Err(ticket.denied(&format!("to call `{callee}`")));
    }
    let module = shared.guests.callee(&callee);
    let module = module.ok_or_else(|| invalid(format!("nobody has said what `{callee}` is")))?;
    let function = module.function(&request.function);
    let function = function.map_err(|error| invalid(error.to_string()))?;
    let arguments = arguments(&function, &request.arguments).map_err(invalid)?;
    let target = Target {
        context: shared.guests.places.find(&callee, ticket.context)?,
        place: Place::Fresh,
        depth: ticket.next_depth(),
    };
    let options = ticket.options()?;
    let called = shared.stream_at(target, &module, &function, &arguments, Vec::new(), &options);
    let called = called.await.map_err(|error| invalid(error.to_string()))?;
    let ty = function.results.first().map(|(_, ty)| ty);
    match (called.collect().await, ty) {
        (CallResult::Returned(Some(value)), Some(ty)) => json(ty, &value).map_err(invalid),
        (CallResult::Returned(_), _) => Ok(Value::Null.to_string()),
        (CallResult::Failed(value), Some(ty)) => {
            Err(json(ty, &value).map_or_else(Refusal::Broken, Refusal::Failed))
        }
        (CallResult::Denied(why), _) => Err(Refusal::Denied(format!("in `{callee}`: {why}"))),
        (CallResult::Refused { message, .. }, _) => Err(invalid(message)),
        (other, _) => Err(Refusal::Broken(ended(&module.reference.name, &other))),
    }
}

fn arguments(function: &Function, text: &str) -> Result<Vec<Val>, String> {
    let name = &function.export;
    let written: Vec<Value> = serde_json::from_str(text)
        .map_err(|error| format!("the arguments of `{name}` are no JSON array: {error}"))?;
    let (found, expected) = (written.len(), function.params.len());
    if found != expected {
        return Err(format!(
            "`{name}` takes {expected} arguments, found {found}"
        ));
    }
    let values = function
        .params
        .iter()
        .zip(written)
        .map(|((param, ty), json)| {
            from_json(ty, json).map_err(|wrong| {
                let wrong = wrong.into_iter().map(|wrong| wrong.within(param));
                let wrong: Vec<_> = wrong.map(|wrong: Mismatch| wrong.to_string()).collect();
                format!("`{name}`: {}", wrong.join("; "))
            })
        });
    values.collect()
}

/// The value; of a `result` that which is in it.
fn json(ty: &Type, value: &Val) -> Result<String, String> {
    let written = match (ty, value) {
        (Type::Result(ty), Val::Result(value)) => {
            let (ty, payload) = match value {
                Ok(payload) => (ty.ok(), payload),
                Err(payload) => (ty.err(), payload),
            };
            match (ty, payload) {
                (Some(ty), Some(payload)) => to_json(&ty, payload),
                _ => Ok(Value::Null),
            }
        }
        _ => to_json(ty, value),
    };
    written
        .map(|json| json.to_string())
        .map_err(|error| error.to_string())
}
