//! Methods of the program that is the master, of services that the call's parameters name.

pub use crate::bindings::zymogen::task::services::Error;
use crate::{Failure, FailureKind};

/// Calls a method of the service that a parameter of the type `zymogen:task/grants.service` names. Argument and value are JSON.
///
/// # Errors
/// When it may not be called, or says why not.
pub fn call(service: &str, method: &str, argument: &str) -> Result<String, Error> {
    crate::host::services::call(service, method, argument)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (kind, why) = match error {
            Error::Denied(why) => (FailureKind::Denied, why),
            Error::Invalid(why) => (FailureKind::InvalidParams, why),
            Error::Failed(why) | Error::Broken(why) => (FailureKind::Other, why),
        };
        Self::new(kind, format!("the service: {why}"))
    }
}
