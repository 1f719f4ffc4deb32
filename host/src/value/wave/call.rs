//! A call as the command line takes it: `create("/etc/motd", 420)`.

use std::fmt;
use std::ops::Range;

use runtime::value::describe_params;
use wasmtime::component::wasm_wave::ast::Node;
use wasmtime::component::wasm_wave::parser::{Parser, ParserError, ParserErrorKind};
use wasmtime::component::wasm_wave::untyped::UntypedValue;
use wasmtime::component::{Type, Val};

use super::read;
use crate::value::caret::underline;

/// A call whose syntax is right and whose arguments nobody has typed yet.
#[derive(Clone, Debug)]
pub struct CallText<'a> {
    text: &'a str,
    export: &'a str,
    args: Vec<Node>,
    /// Where the parenthesis opens; the tree counts from there.
    open: usize,
    /// Where it closes.
    close: usize,
}

/// Why a text is no call, or not one of this function.
///
/// Displays all problems, each followed by the text with its wrong part underlined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The text of the call.
    pub text: String,
    /// What is wrong, at least one thing, in the order of the text.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// One line.
    pub message: String,
    /// Where in the text, in bytes.
    pub span: Range<usize>,
}

impl<'a> CallText<'a> {
    /// Reads `func(args)` or `ns:pkg/iface@1.0.0#func(args)`.
    pub fn parse(text: &'a str) -> Result<Self, CallError> {
        let open = text.find('(').unwrap_or(text.len());
        let export = text[..open].trim();
        let start = text[..open].len() - text[..open].trim_start().len();
        let name = start..start + export.len();
        if export.is_empty() {
            return Err(error(text, name, "there is no function's name"));
        }
        if let Some((at, odd)) = export.char_indices().find(|(_, c)| !in_name(*c)) {
            let at = start + at;
            let message = format!("a function's name has no {odd:?}");
            return Err(error(text, at..at + odd.len_utf8(), &message));
        }
        if open == text.len() {
            let message = format!("there are no arguments; without any it is {export}()");
            return Err(error(text, name, &message));
        }
        let (args, close) = arguments(text, open)?;
        Ok(Self {
            text,
            export,
            args,
            open,
            close,
        })
    }

    /// The whole name of the export, with its interface if it was written: `ns:pkg/iface@1.0.0#func`.
    pub fn export(&self) -> &'a str {
        self.export
    }

    /// The interface of the export, if it was written: `ns:pkg/iface@1.0.0`.
    pub fn interface(&self) -> Option<&'a str> {
        self.export.rsplit_once('#').map(|(interface, _)| interface)
    }

    /// The function's name without its interface.
    pub fn function(&self) -> &'a str {
        self.export
            .rsplit_once('#')
            .map_or(self.export, |(_, function)| function)
    }

    /// The arguments as the values that these parameters take. Options at the end may be left out.
    pub fn to_vals<N: AsRef<str>>(&self, params: &[(N, Type)]) -> Result<Vec<Val>, CallError> {
        let needed = params
            .iter()
            .rposition(|(_, ty)| !matches!(ty, Type::Option(_)));
        let needed = needed.map_or(0, |last| last + 1);
        if !(needed..=params.len()).contains(&self.args.len()) {
            let message = format!(
                "{}({}) takes {}, found {}",
                self.function(),
                describe_params(params),
                count(params.len()),
                self.args.len(),
            );
            let span = match self.args.get(params.len()) {
                Some(first) => self.open + first.span().start..self.close,
                None => self.close..self.close + 1,
            };
            return Err(error(self.text, span, &message));
        }
        let mut problems = Vec::new();
        let mut vals = Vec::with_capacity(params.len());
        for (at, (name, ty)) in params.iter().enumerate() {
            let Some(node) = self.args.get(at) else {
                vals.push(Val::Option(None));
                continue;
            };
            match read::to_val(node, ty, &self.text[self.open..]) {
                Ok(val) => vals.push(val),
                Err(mismatches) => problems.extend(mismatches.into_iter().map(|mismatch| {
                    let span = mismatch.span.clone().unwrap_or(node.span());
                    let mismatch = mismatch.within(name.as_ref());
                    Problem {
                        message: format!("argument {}, {mismatch}", at + 1),
                        span: whole(self.text, self.open, &span),
                    }
                })),
            }
        }
        if problems.is_empty() {
            Ok(vals)
        } else {
            Err(CallError {
                text: self.text.into(),
                problems,
            })
        }
    }
}

/// The arguments from the parenthesis on, and where it closes.
fn arguments(text: &str, open: usize) -> Result<(Vec<Node>, usize), CallError> {
    let rest = &text[open..];
    match UntypedValue::parse(rest) {
        Ok(tuple) => match tuple.node().as_tuple() {
            Ok(args) => {
                let close = open + tuple.node().span().end - 1;
                Ok((args.cloned().collect(), close))
            }
            // What begins with a parenthesis is a tuple.
            Err(failure) => Err(syntax(text, open, &failure)),
        },
        // No value is an empty tuple, but a call may have no arguments.
        Err(failure) if failure.kind() == ParserErrorKind::EmptyTuple => {
            let after = open + failure.span().end;
            match Parser::new(&text[after..]).finish() {
                Ok(()) => Ok((Vec::new(), after - 1)),
                Err(failure) => Err(syntax(text, after, &failure)),
            }
        }
        Err(failure) => Err(syntax(text, open, &failure)),
    }
}

fn syntax(text: &str, offset: usize, failure: &ParserError) -> CallError {
    let span = whole(text, offset, &failure.span());
    let part = text.get(span.clone()).unwrap_or_default();
    let message = match failure.kind() {
        ParserErrorKind::UnexpectedEnd => "the call ends too early".into(),
        ParserErrorKind::UnexpectedToken => format!("{part} cannot stand here"),
        ParserErrorKind::InvalidToken => "this is no WAVE value".into(),
        ParserErrorKind::TrailingCharacters => "nothing may follow the call".into(),
        ParserErrorKind::NestingTooDeep => "this nests too deep".into(),
        ParserErrorKind::DuplicateField => format!("the field {part} was there already"),
        ParserErrorKind::DuplicateFlag => format!("the flag {part} was there already"),
        kind => match failure.detail() {
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.to_string(),
        },
    };
    error(text, span, &message)
}

/// A span that counts from `offset`, as one of whole characters in the text: the parser counts bytes, and some
/// of its spans end inside a character.
fn whole(text: &str, offset: usize, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(offset + span.start);
    let end = text.ceil_char_boundary(offset + span.end);
    start..end.max(start)
}

fn error(text: &str, span: Range<usize>, message: &str) -> CallError {
    CallError {
        text: text.into(),
        problems: vec![Problem {
            message: message.into(),
            span,
        }],
    }
}

/// The characters of export names: kebab-case, versions, `[method]file.read`.
fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_:/@.#+[]".contains(c)
}

fn count(arguments: usize) -> String {
    match arguments {
        0 => "no arguments".into(),
        1 => "1 argument".into(),
        more => format!("{more} arguments"),
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Problem { message, span }) in self.problems.iter().enumerate() {
            let newline = if at > 0 { "\n" } else { "" };
            write!(f, "{newline}{message}\n{}", underline(&self.text, span))?;
        }
        Ok(())
    }
}

impl std::error::Error for CallError {}
