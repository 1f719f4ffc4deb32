//! Messages between tasks, through channels that the call's parameters name.

pub use crate::bindings::zymogen::task::channels::Error;
use crate::{Failure, FailureKind};
use std::time::Duration;

/// Sends a message into the channel that a parameter of the type `zymogen:task/grants.channel` names. Waits while it is full.
///
/// # Errors
/// When it may not be used, or the message is too long.
pub fn send(channel: &str, message: &[u8]) -> Result<(), Error> {
    crate::host::channels::send(channel, message)
}

/// Waits for a message; none if none comes in this time. Without one it waits as long as the task may take.
///
/// # Errors
/// When the channel may not be used.
pub fn receive(channel: &str, timeout: Option<Duration>) -> Result<Option<Vec<u8>>, Error> {
    let ms = timeout.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    crate::host::channels::receive(channel, ms)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(why) => Self::new(FailureKind::Denied, format!("the channel: {why}")),
            Error::TooLarge(most) => {
                let why = format!("a message has at most {most} bytes");
                Self::new(FailureKind::InvalidParams, why)
            }
            Error::Full(why) | Error::Broken(why) => {
                Self::new(FailureKind::Other, format!("the channel: {why}"))
            }
        }
    }
}
