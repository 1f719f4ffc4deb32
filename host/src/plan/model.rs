//! A plan as it is written: what is to be done where, in which order. Nothing in it is checked against a
//! module or a machine yet, and its templates are still text.

use crate::connect::Credential;
use crate::output::Source;
use crate::value::Node;
use proto::policy::Callee;
use std::collections::BTreeMap;
use std::ops::Range;

/// What a `deploy.toml` says.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The text that it was read from.
    pub source: Source,
    /// What it calls itself.
    pub name: Option<String>,
    /// Where it is applied; never empty.
    pub hosts: Vec<Spanned<String>>,
    /// Modules that those of its tasks may use.
    pub with: Vec<Spanned<String>>,
    /// Imports of its modules that lead elsewhere: the interface, and `CONTEXT MODULE`.
    pub bind: Vec<(String, Spanned<Callee>)>,
    /// Its variables, in the order of the file, as far as they are known before any template is evaluated.
    pub vars: Vec<Entry>,
    /// Its secrets, and where they come from.
    pub secrets: BTreeMap<String, Credential>,
    /// What is to be done, in this order.
    pub tasks: Vec<Task>,
}

/// One `[[task]]`.
#[derive(Clone, Debug)]
pub struct Task {
    /// What people call it; the name of its module if it has no name.
    pub name: String,
    /// The module that does it: a name, or a path.
    pub module: Spanned<String>,
    /// What the module shall do: the table that the plan gives to it.
    pub params: Node,
    /// The name under which later tasks see its result.
    pub register: Option<Spanned<String>>,
    /// The condition on which it is done at all.
    pub when: Option<Spanned<String>>,
    /// Where it is in the text.
    pub span: Range<usize>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Spanned<String>,
    /// Its value.
    pub value: Node,
}

/// Something, and where in the text it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spanned<T> {
    /// What.
    pub value: T,
    /// Where.
    pub span: Range<usize>,
}
