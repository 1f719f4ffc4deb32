//! CALL_SERVICE: methods of the program that a context runs, as opposed to functions of its guests.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The head of a CALL_SERVICE. One CBOR item follows it: the arguments, of the type that the method takes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallService {
    /// The service's name.
    pub service: String,
    /// The method.
    pub method: String,
}

/// What became of a CALL_SERVICE: exactly one of these, or a dead reply.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceOutcome {
    /// It returned; one CBOR item follows the head: the value.
    Returned(#[serde(skip)] Bytes),
    /// The method says why not.
    Failed(String),
    /// The context has no such service, or it has not been started and the caller may not start it.
    NoService,
    /// The service has no such method.
    NoMethod,
    /// The caller may not call it.
    Denied,
    /// The arguments are not of the method's type.
    BadArguments(String),
}
