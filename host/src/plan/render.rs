//! Puts values in the place of templates, and says where in the plan it fails.

use super::model::Spanned;
use super::read::{error_at, place};
use super::scope::{self, Scope};
use super::template::{Engine, TemplateError};
use crate::output::text::did_you_mean;
use crate::output::{Diagnostic, Source};
use crate::value::nearest;
use crate::value::{Node, Plain};
use std::ops::Range;

/// What is needed to evaluate the templates of a plan.
#[derive(Clone, Copy)]
pub struct Renderer<'a> {
    /// Evaluates.
    pub engine: &'a Engine,
    /// The plan's text.
    pub source: &'a Source,
    /// What templates see.
    pub scope: &'a Scope,
}

impl Renderer<'_> {
    /// The same tree with values instead of templates. A key whose value is none is left out.
    ///
    /// `wanted` says which strings; the others stay as they are.
    ///
    /// # Errors
    /// Each template that has no value.
    pub fn tree(
        &self,
        node: &Node,
        wanted: &mut dyn FnMut(&Range<usize>) -> bool,
    ) -> Result<Node, Vec<Diagnostic>> {
        let mut errors = Vec::new();
        let context = self.scope.context();
        let tree = self.walk(node, &context, wanted, &mut errors);
        if errors.is_empty() {
            Ok(tree)
        } else {
            Err(errors)
        }
    }

    /// Does a condition hold?
    ///
    /// # Errors
    /// It has no value, or one that is neither true nor false.
    pub fn condition(&self, when: &Spanned<String>) -> Result<bool, Diagnostic> {
        self.engine
            .condition(&when.value, &self.scope.context())
            .map_err(|error| self.error(&error, &when.value, &when.span))
    }

    fn walk(
        &self,
        node: &Node,
        context: &minijinja::Value,
        wanted: &mut dyn FnMut(&Range<usize>) -> bool,
        errors: &mut Vec<Diagnostic>,
    ) -> Node {
        let value = match &node.value {
            Plain::Text(text) if wanted(&place(&node.span)) => {
                match self.string(text, &place(&node.span), context) {
                    Ok(node) => return node,
                    Err(error) => errors.push(error),
                }
                Plain::Null
            }
            Plain::List(items) => {
                let items = items.iter();
                Plain::List(
                    items
                        .map(|item| self.walk(item, context, wanted, errors))
                        .collect(),
                )
            }
            Plain::Table(entries) => {
                let entries = entries.iter();
                Plain::Table(
                    entries
                        .map(|(key, node)| (key.clone(), self.walk(node, context, wanted, errors)))
                        .filter(|(_, node)| node.value != Plain::Null)
                        .collect(),
                )
            }
            other => other.clone(),
        };
        Node {
            value,
            span: node.span.clone(),
        }
    }

    fn string(
        &self,
        text: &str,
        span: &Range<usize>,
        context: &minijinja::Value,
    ) -> Result<Node, Diagnostic> {
        let value = self
            .engine
            .value(text, context)
            .map_err(|error| about_braces(self.error(&error, text, span), &error))?;
        scope::to_node(&value, span).ok_or_else(|| {
            let what = super::template::what(&value);
            error_at(
                self.source,
                span.clone(),
                &format!("the template's value is {what}"),
            )
        })
    }

    /// What is wrong with a template, as an error in the plan.
    #[must_use]
    pub fn error(&self, error: &TemplateError, text: &str, span: &Range<usize>) -> Diagnostic {
        let mut diagnostic = in_template(self.source, error, text, span);
        if let Some(name) = &error.undefined {
            let (parent, siblings) = self.scope.siblings(name);
            let last = name.rsplit('.').next().unwrap_or(name);
            let near = nearest(last, siblings.iter().map(String::as_str));
            let near = near.map(|name| match parent.as_str() {
                "" => name.to_owned(),
                _ => format!("{parent}.{name}"),
            });
            diagnostic = diagnostic.maybe_help(did_you_mean(near.as_deref()));
        }
        diagnostic
    }
}

/// An error in a template, at its place in the plan's text.
pub(super) fn in_template(
    source: &Source,
    error: &TemplateError,
    text: &str,
    span: &Range<usize>,
) -> Diagnostic {
    let part = error.range.clone();
    let at = part.and_then(|part| place_in(source, text, span, part));
    error_at(source, at.unwrap_or_else(|| span.clone()), &error.message)
}

/// What is no template may not be meant as one: other programs have braces, too.
pub(super) fn about_braces(diagnostic: Diagnostic, error: &TemplateError) -> Diagnostic {
    let help = "braces that are no template stand between `{% raw %}` and `{% endraw %}`";
    diagnostic.maybe_help(error.is_syntax.then_some(help))
}

/// Where a part of a string's value is in the text: simple as long as the string has no escapes.
pub(super) fn place_in(
    source: &Source,
    value: &str,
    span: &Range<usize>,
    part: Range<usize>,
) -> Option<Range<usize>> {
    let start = span.start + source.slice(span).find(value)?;
    let end = part.end.min(value.len());
    let begin = part.start.min(end);
    Some(start + begin..start + end)
}
