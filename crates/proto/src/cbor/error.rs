//! Why bytes are not the item that was expected.

use super::head::{ARRAY, BYTES, Head, MAP, NEGATIVE, SIMPLE, TEXT, UNSIGNED};
use super::simple;
use serde::de::{self, Error as _, Unexpected};
use std::fmt;

/// Characters of an error that may quote what a stranger wrote.
const MAX_REASON: usize = 200;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("it ends too early")]
    Early,
    #[error("no CBOR at byte {0}")]
    Syntax(usize),
    #[error("nested deeper than {0}")]
    TooDeep(usize),
    #[error("{0}")]
    Unexpected(String),
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(what: T) -> Self {
        // Few words, whatever a stranger wrote.
        Self::Unexpected(what.to_string().chars().take(MAX_REASON).collect())
    }
}

/// What was there instead, in few words.
pub(super) fn unexpected(head: Head, kind: &'static str) -> Error {
    let found = match (head.major, head.arg) {
        (UNSIGNED, Some(arg)) => Unexpected::Unsigned(arg),
        (NEGATIVE, _) => Unexpected::Other("negative integer"),
        (BYTES, _) => Unexpected::Other("bytes"),
        (TEXT, _) => Unexpected::Other("string"),
        (ARRAY, _) => Unexpected::Seq,
        (MAP, _) => Unexpected::Map,
        (SIMPLE, None) => Unexpected::Other("break"),
        _ if simple::is_null(head) => Unexpected::Other("null"),
        _ => Unexpected::Other("simple"),
    };
    Error::invalid_type(found, &kind)
}
