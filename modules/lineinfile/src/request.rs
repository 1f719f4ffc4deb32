//! From the parameters to a request that makes sense in itself, before the machine is looked at.

use guest_sdk::files::Attributes;
use guest_sdk::path;
use regex_lite::Regex;

use crate::edit::{Place, Spec, Which};
use crate::{Failure, Params, State};

/// The parameters, checked.
pub struct Request {
    pub path: String,
    pub spec: Spec,
    pub create: bool,
    pub attributes: Attributes,
}

impl Request {
    pub fn check(params: Params) -> Result<Self, Failure> {
        path::check(&params.path)?;
        let attributes = Attributes::parse(params.mode.as_deref(), params.owner, params.group)?;
        let regexp = compile("regexp", params.regexp.as_deref())?;
        if params
            .line
            .as_ref()
            .is_some_and(|line| line.contains(['\n', '\r']))
        {
            return Err(Failure::invalid("`line` is more than one line")
                .hint("use one task for each line, or the task `copy` for the whole file"));
        }
        let spec = match params.state.unwrap_or(State::Present) {
            State::Present => {
                let line = params
                    .line
                    .ok_or_else(|| Failure::invalid("`line` is missing"))?;
                let place = place(
                    params.insert_after.as_deref(),
                    params.insert_before.as_deref(),
                )?;
                Spec::Present {
                    line,
                    regexp,
                    place,
                }
            }
            State::Absent if params.insert_after.is_some() || params.insert_before.is_some() => {
                return Err(
                    Failure::invalid("a line that is absent is inserted nowhere")
                        .hint("leave `insert-after` and `insert-before` out"),
                );
            }
            State::Absent => Spec::Absent(match (regexp, params.line) {
                (Some(regexp), _) => Which::Matching(regexp),
                (None, Some(line)) => Which::Equal(line),
                (None, None) => {
                    return Err(Failure::invalid("either `line` or `regexp` is needed"));
                }
            }),
        };
        Ok(Self {
            path: params.path,
            spec,
            create: params.create.unwrap_or(false),
            attributes,
        })
    }

    pub fn is_absent(&self) -> bool {
        matches!(self.spec, Spec::Absent(_))
    }
}

fn place(after: Option<&str>, before: Option<&str>) -> Result<Place, Failure> {
    match (after, before) {
        (Some(_), Some(_)) => Err(Failure::invalid(
            "`insert-after` and `insert-before` contradict each other",
        )),
        (None, None) | (Some("EOF"), None) => Ok(Place::End),
        (None, Some("BOF")) => Ok(Place::Beginning),
        (Some("BOF"), None) | (None, Some("EOF")) => Err(Failure::invalid(
            "a line goes after EOF, the end, or before BOF, the beginning",
        )
        .hint("write insert-before = \"BOF\" or insert-after = \"EOF\"")),
        (Some(pattern), None) => regex("insert-after", pattern).map(Place::After),
        (None, Some(pattern)) => regex("insert-before", pattern).map(Place::Before),
    }
}

fn compile(key: &str, pattern: Option<&str>) -> Result<Option<Regex>, Failure> {
    pattern.map(|pattern| regex(key, pattern)).transpose()
}

fn regex(key: &str, pattern: &str) -> Result<Regex, Failure> {
    Regex::new(pattern).map_err(|error| {
        Failure::invalid(format!(
            "`{key}` is no regular expression: `{pattern}`: {error}"
        ))
    })
}
