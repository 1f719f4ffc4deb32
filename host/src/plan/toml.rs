//! From the text of a TOML document to a tree with places.

use crate::value::{Mismatch, Node};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Why a text is no TOML.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotToml {
    /// One line.
    pub message: String,
    /// Where.
    pub span: Range<usize>,
}

/// Reads a document: always a table.
///
/// # Errors
/// The first place where it is no TOML 1.1.
pub fn parse(text: &str) -> Result<Node, NotToml> {
    let table = DeTable::parse(text).map_err(|error| NotToml {
        message: error.message().trim().replace('\n', ", "),
        span: error.span().unwrap_or(0..0),
    })?;
    let span = table.span();
    let value = Spanned::new(span, DeValue::Table(table.into_inner()));
    Node::from_toml(&value).map_err(|mismatch| {
        let Mismatch {
            expected,
            found,
            span,
            ..
        } = mismatch;
        NotToml {
            message: format!("expected {expected}, found {found}"),
            span: span.unwrap_or(0..0),
        }
    })
}
