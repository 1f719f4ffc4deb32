//! Do tasks name only secrets that the plan has?

use super::params::texts_at;
use super::read::error_at;
use crate::connect::Credential;
use crate::module::{Resource, ResourceKind};
use crate::output::text::did_you_mean;
use crate::output::{Diagnostic, Source};
use crate::value::{Node, nearest};
use std::collections::BTreeMap;
use std::ops::Range;

/// An error for each that it has not, among the parameters that are known.
pub fn unknown(
    source: &Source,
    secrets: &BTreeMap<String, Credential>,
    resources: &[Resource],
    params: &Node,
    known: &mut dyn FnMut(&Range<usize>) -> bool,
) -> Vec<Diagnostic> {
    let mut named = Vec::new();
    for resource in resources.iter().filter(|r| r.kind == ResourceKind::Secret) {
        texts_at(params, &resource.path, &mut named);
    }
    named.retain(|(name, span)| !secrets.contains_key(*name) && known(span));
    let errors = named.into_iter().map(|(name, span)| {
        let near = nearest(name, secrets.keys().map(String::as_str));
        let help = did_you_mean(near).unwrap_or_else(|| {
            format!("say where it comes from: `[secrets]` and below it `{name} = \"env:VARIABLE\"`")
        });
        error_at(source, span, &format!("the plan has no secret `{name}`")).help(help)
    });
    errors.collect()
}
