//! From what the network and `oci-client` say to what a person wants to know.

use super::{Reference, RegistryError};
use oci_client::errors::OciDistributionError;
use serde::Deserialize;

/// What is shown of a registry's own words.
const MAX_SHOWN: usize = 200;

/// What a registry says about an error.
#[derive(Deserialize)]
struct Envelope {
    errors: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// A status that is an error.
pub(super) fn refused(
    reference: &Reference,
    known: bool,
    status: u16,
    body: &str,
) -> RegistryError {
    let reference = Box::new(reference.clone());
    match status {
        401 | 403 => RegistryError::Unauthorised {
            reference,
            known,
            said: said(body),
        },
        _ => RegistryError::Refused {
            reference,
            status,
            said: said(body),
        },
    }
}

/// The same for what `oci-client` makes of it.
pub(super) fn failed(
    reference: &Reference,
    known: bool,
    error: OciDistributionError,
) -> RegistryError {
    use OciDistributionError as Oci;
    let unauthorised = |body: &str| refused(reference, known, 401, body);
    match error {
        Oci::RequestError(error) => match error.status() {
            Some(status) => refused(reference, known, status.as_u16(), ""),
            None => unreachable(reference, &error),
        },
        Oci::UnauthorizedError { .. } => unauthorised(""),
        Oci::AuthenticationFailure(body) => unauthorised(&body),
        Oci::ServerError { code, message, .. } => refused(reference, known, code, &message),
        error => RegistryError::Answer {
            reference: Box::new(reference.clone()),
            why: shortened(&error.to_string()),
        },
    }
}

/// Whom nobody answers: the innermost cause is the one that says why.
pub(super) fn unreachable(reference: &Reference, error: &reqwest::Error) -> RegistryError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let why = match error.is_timeout() {
        true => "it does not answer".to_owned(),
        false => cause.to_string(),
    };
    RegistryError::Unreachable {
        reference: Box::new(reference.clone()),
        why,
    }
}

/// The first error of a registry's answer, or nothing where it has none that can be read.
fn said(body: &str) -> String {
    let envelope: Option<Envelope> = serde_json::from_str(body).ok();
    let first = envelope.and_then(|envelope| envelope.errors.into_iter().next());
    first.map_or_else(String::new, |Said { code, message }| {
        let text = if message.is_empty() { code } else { message };
        shortened(&text)
    })
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(MAX_SHOWN).collect()
}
