//! Methods of this program's services, with JSON for their arguments and values.

use super::super::context::Shared;
use super::ticket::Ticket;
use broker::Caller;
use proto::Body;
use proto::message::{CallMethod, GUESTS, Refusal, ServiceOutcome};
use serde_json::Value;
use std::sync::Arc;

pub(super) async fn call(
    shared: Shared,
    ticket: Arc<Ticket>,
    request: CallMethod,
) -> Result<String, Refusal> {
    let CallMethod {
        service,
        method,
        argument,
        ..
    } = request;
    if !ticket.policy.may_use_service(&service) || service == GUESTS {
        return Err(ticket.denied(&format!("to use the service `{service}`")));
    }
    let invalid = |error: &dyn std::fmt::Display| {
        Refusal::Invalid(format!("the argument of `{service}.{method}`: {error}"))
    };
    let argument: Value = serde_json::from_str(&argument).map_err(|error| invalid(&error))?;
    let argument = Body::new(&argument).map_err(|error| invalid(&error))?;
    // Guests are below this program, wherever they are.
    let caller = Caller {
        context: ticket.context,
        above: false,
    };
    let limits = shared.broker.limits();
    let services = &shared.guests.services;
    match services
        .call(caller, &service, &method, argument, limits)
        .await
    {
        ServiceOutcome::Returned(value) => {
            let value = Body::raw(proto::Flags::NONE, value).decode::<Value>(limits);
            let value = value.map_err(|error| {
                Refusal::Failed(format!(
                    "the value of `{service}.{method}` is no JSON: {error}"
                ))
            })?;
            Ok(value.to_string())
        }
        ServiceOutcome::Failed(why) => Err(Refusal::Failed(why)),
        ServiceOutcome::NoService => Err(Refusal::Invalid(format!(
            "the master has no service `{service}`"
        ))),
        ServiceOutcome::NoMethod => Err(Refusal::Invalid(format!(
            "the service `{service}` has no method `{method}`"
        ))),
        ServiceOutcome::Denied => Err(Refusal::Denied(format!(
            "`{service}.{method}` is not for this context"
        ))),
        ServiceOutcome::BadArguments(why) => Err(invalid(&why)),
    }
}
