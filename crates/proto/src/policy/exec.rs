//! A command with all that decides what it does: program, arguments, variables, directory, input.
//!
//! An argument vector alone would bind nothing: `git pull` runs what `GIT_SSH_COMMAND` says, `make` what
//! is in its directory, `sh` what comes in.

use super::normal_path;
use super::words::{Word, quoted, split};
use crate::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One command. In a grant it is what may be executed, else what somebody wants to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Exec {
    /// The program, as [`Exec::is_program`] wants it, and its arguments.
    pub argv: Vec<String>,
    /// Any arguments may follow.
    pub any_more: bool,
    /// Its environment, in this order. A PATH is there besides, always the same, unless this has one.
    pub env: Vec<(String, String)>,
    /// Its working directory, a normal path.
    pub cwd: String,
    /// What it reads from its standard input.
    pub input: Input,
}

/// The standard input of a command.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// It is empty.
    Nothing,
    /// The bytes with this digest.
    This(Digest),
    /// Whatever the guest gives to it.
    Any,
}

impl Exec {
    /// What to say to whoever wrote something else.
    pub(super) const EXPECTED: &str = "`exec:PROGRAM ARGUMENT ...`, where the program has no `/` or is an absolute path, \
        `-C DIRECTORY` and `NAME=VALUE` may come before it and `*` (any more arguments) and `<*` (any input) at the end";

    /// A program with arguments: no variables, in `/`, without input.
    #[must_use]
    pub fn new(argv: Vec<String>) -> Self {
        Self {
            argv,
            any_more: false,
            env: Vec::new(),
            cwd: "/".to_owned(),
            input: Input::Nothing,
        }
    }

    /// Is this an absolute path, or a name that the host looks up itself? What lies between would
    /// depend on where it is said.
    #[must_use]
    pub fn is_program(text: &str) -> bool {
        !text.is_empty() && (text.starts_with('/') || !text.contains('/'))
    }

    /// Reads what [`fmt::Display`] writes, where that hides nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let words = split(text)?;
        let mut words = words.as_slice();
        let mut exec = Self::new(Vec::new());
        if let [option, directory, rest @ ..] = words
            && option.bare() == Some("-C")
        {
            exec.cwd = normal_path(&directory.text)?;
            words = rest;
        }
        while let [first, rest @ ..] = words
            && let Some((name, value)) = first.assignment()
        {
            exec.env.push((name.to_owned(), value.to_owned()));
            words = rest;
        }
        if let [rest @ .., last] = words
            && last.bare() == Some("<*")
        {
            exec.input = Input::Any;
            words = rest;
        }
        if let [rest @ .., last] = words
            && last.bare() == Some("*")
        {
            exec.any_more = true;
            words = rest;
        }
        exec.argv = words.iter().map(|word: &Word| word.text.clone()).collect();
        exec.argv
            .first()
            .is_some_and(|program| Self::is_program(program))
            .then_some(exec)
    }

    /// Does this grant allow what is wanted? Everything must be as granted: more, less or another
    /// order of variables is something else.
    #[must_use]
    pub(super) fn covers(&self, wanted: &Self) -> bool {
        // A new field must be compared, too.
        let Self {
            argv,
            any_more,
            env,
            cwd,
            input,
        } = self;
        let arguments = match any_more {
            true => !argv.is_empty() && wanted.argv.starts_with(argv),
            false => *argv == wanted.argv && !wanted.any_more,
        };
        arguments
            && *env == wanted.env
            && *cwd == wanted.cwd
            && (*input == Input::Any || *input == wanted.input)
    }
}

impl fmt::Display for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        if self.cwd != "/" {
            words.extend(["-C".to_owned(), quoted(&self.cwd)]);
        }
        // The values may be secrets.
        let names = self.env.iter().map(|(name, _)| quoted(name) + "=…");
        words.extend(names);
        words.extend(self.argv.iter().take(1).map(|program| {
            // Else it would be read as an option or a variable.
            match program.starts_with('-') || program.contains('=') {
                true if quoted(program) == *program => format!("'{program}'"),
                _ => quoted(program),
            }
        }));
        words.extend(self.argv.iter().skip(1).map(|word| quoted(word)));
        if self.any_more {
            words.push("*".to_owned());
        }
        match self.input {
            Input::Nothing => {}
            Input::This(digest) => words.push(format!("<{}", digest.short())),
            Input::Any => words.push("<*".to_owned()),
        }
        f.write_str(&words.join(" "))
    }
}
