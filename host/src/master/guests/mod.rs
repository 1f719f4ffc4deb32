//! What guests ask of this program: calls of modules elsewhere, methods of its services, messages of its channels.
//!
//! | file | what |
//! |---|---|
//! | [`ticket`] | on whose behalf a context asks: a call that is under way in it |
//! | `imports` | functions of imports that are bound to modules elsewhere |
//! | `calls` | functions of modules elsewhere, by name |
//! | `methods` | methods of this program's services |
//! | [`channels`] | messages that wait here for a receiver |
//! | [`places`] | the contexts into which guests may call |
//!
//! A context is believed what it may ask for its own calls and no more: each question names the ticket of a call that this program
//! has made in that context, and is answered under that call's policy.

mod calls;
pub mod channels;
mod imports;
mod methods;
pub mod places;
mod ticket;

pub(super) use ticket::Held;

use super::context::Shared;
use crate::module::Module;
use broker::{Allow, Caller, Service, Services};
use channels::Channels;
use places::Places;
use proto::message::{GUESTS, Refusal};
use proto::policy::Callee;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use ticket::{Ticket, Tickets};
use tokio::sync::Semaphore;

/// All that guests may come upon here.
pub(super) struct Guests {
    tickets: Tickets,
    places: Places,
    /// Modules that guests may call by name.
    callees: Mutex<BTreeMap<Callee, Arc<Module>>>,
    channels: Channels,
    services: Services,
}

impl Guests {
    pub(super) fn new(services: Services) -> Self {
        Self {
            tickets: Tickets::default(),
            places: Places::default(),
            callees: Mutex::default(),
            channels: Channels::default(),
            services,
        }
    }

    pub(super) fn channels(&self) -> &Channels {
        &self.channels
    }

    /// From now on guests whose policy grants it may call this module there.
    fn offer(&self, callee: Callee, module: Arc<Module>) {
        self.callees().insert(callee, module);
    }

    fn callee(&self, callee: &Callee) -> Option<Arc<Module>> {
        self.callees().get(callee).cloned()
    }

    fn callees(&self) -> MutexGuard<'_, BTreeMap<Callee, Arc<Module>>> {
        // Nothing panics while it is held.
        self.callees.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service that contexts call. How many questions are under way the tickets bound, not the service: one that waits for
/// another must not hold the turn that the other needs.
pub(super) fn service(shared: &Shared) -> Service {
    let service = Service::new(GUESTS, Semaphore::MAX_PERMITS);
    let service = with(
        service,
        "import",
        shared,
        |asked| asked.ticket,
        imports::call,
    );
    let service = with(service, "call", shared, |asked| asked.ticket, calls::call);
    let service = with(
        service,
        "service",
        shared,
        |asked| asked.ticket,
        methods::call,
    );
    let service = with(
        service,
        "send",
        shared,
        |asked| asked.ticket,
        channels::send,
    );
    with(
        service,
        "receive",
        shared,
        |asked| asked.ticket,
        channels::receive,
    )
}

/// Adds a method. What a guest may not have is an answer like others: that something went wrong on the way is another matter.
///
/// Nobody is answered longer than the call lasts on whose behalf is asked.
fn with<A, R, F, Running>(
    service: Service,
    name: &str,
    shared: &Shared,
    ticket: fn(&A) -> u64,
    answer: F,
) -> Service
where
    A: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
    F: Fn(Shared, Arc<Ticket>, A) -> Running + Copy + Send + Sync + 'static,
    Running: Future<Output = Result<R, Refusal>> + Send + 'static,
{
    let shared = shared.clone();
    service.method(name, Allow::Anyone, move |caller: Caller, question: A| {
        let shared = shared.clone();
        async move {
            let asked = match shared.guests.admit(caller, ticket(&question)) {
                Ok(asked) => asked,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let answer = answer(shared.clone(), asked.ticket.clone(), question);
            Ok(tokio::select! {
                answer = answer => answer,
                () = asked.ticket.over() => {
                    Err(Refusal::Broken("the call is over".to_owned()))
                }
            })
        }
    })
}
