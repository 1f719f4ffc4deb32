//! The services of a context, those that run and those that begin when they are first wanted.

use super::{Caller, Service};
use crate::Broker;
use proto::message::{CallService, Dead, ServiceOutcome};
use proto::{Body, ContextId, Handle, Limits};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// A service that begins when it is first wanted.
type Sleeping = LazyLock<Arc<Service>, Box<dyn FnOnce() -> Arc<Service> + Send>>;

/// The services of a context. Clones are the same.
#[derive(Clone, Default)]
pub struct Services {
    services: Arc<Mutex<HashMap<String, State>>>,
}

enum State {
    Runs(Arc<Service>),
    /// A stub: whoever is above may start it by calling it. To anybody else it is not there.
    Sleeps(Arc<Sleeping>),
}

impl Services {
    /// Registers a service. One of the same name gives way to it.
    pub fn register(&self, service: Service) {
        let name = service.name.clone();
        self.lock().insert(name, State::Runs(Arc::new(service)));
    }

    /// Registers a service that begins when a context above first calls it.
    pub fn register_sleeping(
        &self,
        name: &str,
        service: impl FnOnce() -> Service + Send + 'static,
    ) {
        let sleeping: Sleeping = LazyLock::new(Box::new(|| Arc::new(service())));
        let state = State::Sleeps(Arc::new(sleeping));
        self.lock().insert(name.to_owned(), state);
    }

    /// Forgets a service. Its calls that are under way come to their end.
    pub fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Calls a method on behalf of somebody, as if its CALL_SERVICE had come: for whoever asks in another way. The limits are those of
    /// the arguments.
    pub async fn call(
        &self,
        caller: Caller,
        service: &str,
        method: &str,
        arguments: Body,
        limits: Limits,
    ) -> ServiceOutcome {
        match self.find(service, caller) {
            None => ServiceOutcome::NoService,
            Some(service) => service.call(method, caller, arguments, limits).await,
        }
    }

    fn find(&self, name: &str, caller: Caller) -> Option<Arc<Service>> {
        let sleeping = match self.lock().get(name)? {
            State::Runs(service) => return Some(service.clone()),
            State::Sleeps(sleeping) => sleeping.clone(),
        };
        if !caller.above && LazyLock::get(&sleeping).is_none() {
            return None;
        }
        // Without the lock, for what begins may register others. Whoever comes meanwhile waits.
        Some(LazyLock::force(&sleeping).clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, State>> {
        // Nothing panics while it is held.
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The longest call of a service that is read of whoever is not above, in bytes, unpacked.
const FROM_OTHERS: u32 = 1 << 20;

/// Executes a CALL_SERVICE, and gives the body of its reply.
pub(crate) async fn perform(
    services: &Services,
    broker: &Broker,
    caller: Caller,
    body: Body,
) -> Result<Body, Dead> {
    let mut limits = broker.limits();
    if !caller.above {
        limits.max_body = limits.max_body.min(FROM_OTHERS);
    }
    let read = body.split::<CallService>(limits);
    // It is not needed as long as the method runs.
    drop(body);
    let outcome = match read {
        Err(error) => ServiceOutcome::BadArguments(error.to_string()),
        Ok((head, arguments)) => {
            let arguments = Body::raw(proto::Flags::NONE, arguments);
            let CallService { service, method } = &head;
            services
                .call(caller, service, method, arguments, limits)
                .await
        }
    };
    let tail: &[u8] = match &outcome {
        ServiceOutcome::Returned(value) => value,
        _ => &[],
    };
    Body::with_tail(&outcome, tail).map_err(|error| broker.malformed(&error))
}

/// Why a call of a service has no value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ServiceError {
    /// The method says why not.
    #[error("{0}")]
    Failed(String),
    /// There is no such service, or it sleeps and the caller may not wake it.
    #[error("the context has no service `{0}`")]
    NoService(String),
    /// The service has no such method.
    #[error("the service has no method `{0}`")]
    NoMethod(String),
    /// The caller may not call it.
    #[error("the caller may not call `{0}`")]
    Denied(String),
    /// The arguments are not of the method's type.
    #[error("the arguments are not what the method takes: {0}")]
    BadArguments(String),
    /// There will be no answer.
    #[error(transparent)]
    Dead(#[from] Dead),
}

impl Broker {
    /// Calls a method of a service in another context. Dropping the future cancels the call there.
    ///
    /// # Errors
    /// If it has no value to return, or the value is not of the type that the caller takes.
    pub async fn call_service<R: DeserializeOwned>(
        &self,
        to: ContextId,
        service: &str,
        method: &str,
        arguments: &impl Serialize,
    ) -> Result<R, ServiceError> {
        let arguments = Body::new(arguments).map_err(|error| self.malformed(&error))?;
        let value = self.call_service_with(to, service, method, &arguments);
        let value = value.await?.decode(self.limits());
        Ok(value.map_err(|error| self.malformed(&error))?)
    }

    /// The same with arguments that are encoded already, and a value that the caller decodes.
    ///
    /// # Errors
    /// If it has no value to return.
    pub async fn call_service_with(
        &self,
        to: ContextId,
        service: &str,
        method: &str,
        arguments: &Body,
    ) -> Result<Body, ServiceError> {
        let head = CallService {
            service: service.to_owned(),
            method: method.to_owned(),
        };
        let encode = |error: &proto::BodyError| self.malformed(error);
        let body = Body::with_tail(&head, arguments.bytes()).map_err(|error| encode(&error))?;
        let reply = self.request(to, Handle::CALL_SERVICE, body).await?;
        let (outcome, value) = reply
            .split::<ServiceOutcome>(self.limits())
            .map_err(|error| encode(&error))?;
        match outcome {
            ServiceOutcome::Returned(_) => Ok(Body::raw(proto::Flags::NONE, value)),
            ServiceOutcome::Failed(why) => Err(ServiceError::Failed(why)),
            ServiceOutcome::NoService => Err(ServiceError::NoService(service.to_owned())),
            ServiceOutcome::NoMethod => Err(ServiceError::NoMethod(method.to_owned())),
            ServiceOutcome::Denied => Err(ServiceError::Denied(method.to_owned())),
            ServiceOutcome::BadArguments(why) => Err(ServiceError::BadArguments(why)),
        }
    }
}
