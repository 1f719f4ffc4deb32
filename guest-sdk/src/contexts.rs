//! Functions of modules elsewhere that the call's parameters name.

pub use crate::bindings::zymogen::task::contexts::Error;
use crate::{Failure, FailureKind};

/// Calls a function of the module that a parameter of the type `zymogen:task/grants.callee` names, in an instance of its own.
/// `arguments` is a JSON array, and the value is JSON.
///
/// # Errors
/// When it may not be called, or does not return; [`Error::Failed`] is the error of its own `result`, as JSON.
pub fn call(callee: &str, function: &str, arguments: &str) -> Result<String, Error> {
    crate::host::contexts::call(callee, function, arguments)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (kind, why) = match error {
            Error::Denied(why) => (FailureKind::Denied, why),
            Error::Invalid(why) => (FailureKind::InvalidParams, why),
            Error::Failed(why) | Error::Broken(why) => (FailureKind::Other, why),
        };
        Self::new(kind, format!("the call elsewhere: {why}"))
    }
}
