//! Secrets of the plan that the call's parameters name.

use crate::bindings::zymogen::task::secrets::Error;
use crate::{Failure, FailureKind};

/// The value of a secret. What shows it on the master shows `***`; wherever else it goes is up to the task.
///
/// # Errors
/// When no parameter of the type `zymogen:task/grants.secret` names it.
pub fn get(name: &str) -> Result<String, Failure> {
    crate::host::secrets::get(name).map_err(|Error::Denied(why)| {
        Failure::new(
            FailureKind::Denied,
            format!("cannot read the secret `{name}`: {why}"),
        )
    })
}
