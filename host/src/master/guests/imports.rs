//! Functions of imports that are bound to modules elsewhere.

use super::super::call::{CallOptions, Place, Target};
use super::super::context::Shared;
use super::super::instance;
use super::ticket::{Held, Ticket};
use crate::module::Bound;
use proto::message::{CallImport, Export, ImportOutcome, Refusal};
use std::sync::Arc;

/// An instance of a module to which an import is bound. As with a module that is linked in there is one for each instance that
/// imports it, with all its functions, and it ends with that.
pub(super) struct Kept {
    shared: Shared,
    bound: Bound,
    target: Target,
    options: CallOptions,
    /// What its own guest may ask for.
    _held: Option<Held>,
}

pub(super) async fn call(
    shared: Shared,
    ticket: Arc<Ticket>,
    request: CallImport,
) -> Result<ImportOutcome, Refusal> {
    let mut bound = ticket.module.bound.iter();
    let bound = bound.find(|bound| bound.interface == request.interface);
    let bound = bound.ok_or_else(|| {
        let name = &ticket.module.reference.name;
        let interface = &request.interface;
        Refusal::Denied(format!(
            "`{name}` calls `{interface}`, which is bound to nothing"
        ))
    })?;
    if !bound.functions.contains(&request.function) {
        let (interface, function) = (&request.interface, &request.function);
        return Err(Refusal::Denied(format!(
            "`{interface}` has no `{function}`"
        )));
    }
    let options = ticket.options()?;
    let kept = kept(&shared, &ticket, bound, &options)?;
    let export = Export {
        interface: Some(bound.export.clone()),
        function: request.function,
    };
    shared.offer(&bound.module).await;
    let (module, target) = (&bound.module, kept.target);
    let call = target.call(&module.reference, export, &options);
    let outcome = shared.outcome(target.context, &call, &request.arguments, options.deadline);
    let outcome = outcome.await;
    Ok(ImportOutcome {
        value: outcome.tail().to_vec().into(),
        outcome,
    })
}

/// The instance that this guest calls, from its first call on.
fn kept(
    shared: &Shared,
    ticket: &Ticket,
    bound: &Bound,
    options: &CallOptions,
) -> Result<Arc<Kept>, Refusal> {
    let context = shared.guests.places.find(&bound.callee, ticket.context)?;
    let make = || {
        let depth = ticket.next_depth();
        let held = shared.ticket(context, &bound.module, options, depth, false);
        let place = Place::Instance {
            number: instance::number(),
            ticket: held.as_ref().map(Held::number),
        };
        Arc::new(Kept {
            shared: shared.clone(),
            bound: bound.clone(),
            target: Target {
                context,
                place,
                depth,
            },
            options: options.clone(),
            _held: held,
        })
    };
    Ok(ticket
        .kept()
        .entry((context, bound.module.reference.digest))
        .or_insert_with(make)
        .clone())
}

impl Drop for Kept {
    fn drop(&mut self) {
        let ending = instance::ending(&self.shared, self.target, &self.bound.module, &self.options);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(ending);
        }
    }
}
