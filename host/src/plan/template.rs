//! Templates and conditions: minijinja expressions, strict about names that do not exist.
//!
//! A string that is one `{{ expression }}` from end to end becomes the expression's value, whatever its type; in any
//! other string the values become text. Truth is written `true` and `false`, and what is `none` has no
//! text: it is an error, as it would otherwise end up in somebody's configuration.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{Environment, ErrorKind, Output, State, UndefinedBehavior, Value};
use std::collections::BTreeSet;
use std::ops::Range;

/// Steps that one template may take.
const FUEL: u64 = 1_000_000;

/// Evaluates templates. Holds no state that one could leave to the next.
pub struct Engine(Environment<'static>);

/// Why a template has no value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// One line.
    pub message: String,
    /// Which bytes of the template it is about, if that is known.
    pub range: Option<Range<usize>>,
    /// The name that does not exist, as it was written: `vars.prot`.
    pub undefined: Option<String>,
    /// It is no template at all, rather than one without a value.
    pub is_syntax: bool,
}

impl Engine {
    /// With the filters and tests of minijinja.
    #[must_use]
    pub fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_debug(true);
        environment.set_fuel(Some(FUEL));
        environment.set_formatter(format);
        // It fails for odd delimiters only, and these are the usual ones.
        if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
            environment.set_syntax(syntax);
        }
        Self(environment)
    }

    /// The names that a string depends on, with what follows their dots: `facts.os.family`. Nothing
    /// if it is no template.
    ///
    /// # Errors
    /// The template cannot be understood.
    pub fn names(&self, text: &str) -> Result<BTreeSet<String>, TemplateError> {
        if !is_template(text) {
            return Ok(BTreeSet::new());
        }
        let names = match self.whole(text) {
            Some((inner, _)) => self.expression(inner)?.undeclared_variables(true),
            None => {
                let template = self.0.template_from_str(text).map_err(explain)?;
                template.undeclared_variables(true)
            }
        };
        Ok(self.foreign(names))
    }

    /// The names that a condition depends on.
    ///
    /// # Errors
    /// The condition cannot be understood.
    pub fn names_of_condition(&self, text: &str) -> Result<BTreeSet<String>, TemplateError> {
        Ok(self.foreign(self.expression(text)?.undeclared_variables(true)))
    }

    /// What a string is worth. One that is no template is itself.
    ///
    /// # Errors
    /// The template cannot be understood, or not evaluated.
    pub fn value(&self, text: &str, scope: &Value) -> Result<Value, TemplateError> {
        if !is_template(text) {
            return Ok(Value::from(text));
        }
        let Some((inner, start)) = self.whole(text) else {
            let template = self.0.template_from_str(text).map_err(explain)?;
            return template.render(scope).map(Value::from).map_err(explain);
        };
        self.evaluate(inner, scope).map_err(|mut error| {
            error.range = error.range.map(|at| at.start + start..at.end + start);
            error
        })
    }

    /// Does a condition hold? It must say yes or no.
    ///
    /// # Errors
    /// The condition cannot be understood or not evaluated, or its value is neither true nor false.
    pub fn condition(&self, text: &str, scope: &Value) -> Result<bool, TemplateError> {
        let value = self.evaluate(text, scope)?;
        bool::try_from(value.clone())
            .ok()
            .filter(|_| value.kind() == ValueKind::Bool)
            .ok_or_else(|| TemplateError {
                message: format!("a condition is true or false, and this is {}", what(&value)),
                range: None,
                undefined: None,
                is_syntax: false,
            })
    }

    /// Is a string one expression from end to end, so that its value need not be text?
    #[must_use]
    pub fn is_expression(&self, text: &str) -> bool {
        self.whole(text).is_some()
    }

    fn evaluate(&self, text: &str, scope: &Value) -> Result<Value, TemplateError> {
        let value = self.expression(text)?.eval(scope).map_err(explain)?;
        if value.is_undefined() {
            let name = text.trim();
            return Err(TemplateError {
                message: format!("`{name}` is undefined"),
                range: text.find(name).map(|at| at..at + name.len()),
                undefined: Some(name.to_owned()),
                is_syntax: false,
            });
        }
        Ok(value)
    }

    fn expression<'a>(
        &'a self,
        text: &str,
    ) -> Result<minijinja::Expression<'a, 'static>, TemplateError> {
        let expression = self.0.compile_expression_owned(text.to_owned());
        expression.map_err(explain)
    }

    /// The expression and where it begins, if the string is just that.
    fn whole<'a>(&self, text: &'a str) -> Option<(&'a str, usize)> {
        let inner = text.strip_prefix("{{")?.strip_suffix("}}")?;
        self.expression(inner).ok().map(|_| (inner, 2))
    }

    fn foreign(&self, names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        let own: BTreeSet<_> = self.0.globals().map(|(name, _)| name.to_owned()).collect();
        names
            .into_iter()
            .filter(|name| !own.contains(root(name)))
            .collect()
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

/// `facts` of `facts.os.family`.
#[must_use]
pub fn root(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Is there anything to evaluate in a string?
#[must_use]
pub fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|open| text.contains(open))
}

/// A value for an error: `a string`, `a list`.
#[must_use]
pub fn what(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "undefined",
        ValueKind::None => "none",
        ValueKind::Bool => "a boolean",
        ValueKind::Number => "a number",
        ValueKind::String => "a string",
        ValueKind::Bytes => "bytes",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a table",
        _ => "something else",
    }
}

fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    match value.kind() {
        ValueKind::Bool => Ok(out.write_str(if value.is_true() { "true" } else { "false" })?),
        ValueKind::None => Err(minijinja::Error::new(
            ErrorKind::InvalidOperation,
            "the value is none, which has no text; `| default(...)` gives it one",
        )),
        _ => minijinja::escape_formatter(out, state, value),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands in `map_err` everywhere"
)]
fn explain(error: minijinja::Error) -> TemplateError {
    let message = match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    };
    let undefined = (error.kind() == ErrorKind::UndefinedError)
        .then(|| message.split('`').nth(1).map(str::to_owned))
        .flatten();
    TemplateError {
        range: error.range().filter(|_| !error_is_elsewhere(&error)),
        message,
        undefined,
        is_syntax: error.kind() == ErrorKind::SyntaxError,
    }
}

/// Some ranges are known only as a whole line.
fn error_is_elsewhere(error: &minijinja::Error) -> bool {
    error.range().is_some_and(|range| range.is_empty())
}
