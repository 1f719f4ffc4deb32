//! From the parameters to a request that makes sense in itself, before the machine is looked at.

use guest_sdk::files::Attributes;
use guest_sdk::path;

use crate::{Failure, Params, State};

/// The parameters, checked.
pub struct Request {
    pub path: String,
    pub goal: Goal,
    pub attributes: Attributes,
}

/// The state that is asked for, with what belongs to it.
pub enum Goal {
    File,
    Directory,
    Symlink { target: String },
    HardLink { original: String },
    Absent,
    Touch,
}

impl Request {
    pub fn check(params: Params) -> Result<Self, Failure> {
        path::check(&params.path)?;
        let attributes = Attributes::parse(params.mode.as_deref(), params.owner, params.group)?;
        let goal = goal(
            params.state.unwrap_or(State::File),
            params.target,
            params.original,
        )?;
        match &goal {
            Goal::Symlink { .. } if attributes.mode.is_some() => {
                return Err(Failure::invalid("a symbolic link has no mode")
                    .hint("leave `mode` out, or set it on what the link points at"));
            }
            Goal::Absent if !attributes.is_empty() => {
                return Err(Failure::invalid("what is absent has no mode or owner"));
            }
            Goal::Absent if path::is_of_the_system(&params.path) => {
                return Err(Failure::invalid(format!(
                    "{} belongs to the system: it is not removed",
                    params.path
                ))
                .hint("name what is to go away below it"));
            }
            _ => {}
        }
        Ok(Self {
            path: params.path,
            goal,
            attributes,
        })
    }
}

/// Each state takes the one parameter that it needs, and no state ignores one.
fn goal(state: State, target: Option<String>, original: Option<String>) -> Result<Goal, Failure> {
    match (state, target, original) {
        (State::Symlink, Some(target), None) if !target.is_empty() => Ok(Goal::Symlink { target }),
        (State::Symlink, _, None) => Err(Failure::invalid("a symbolic link needs a `target`")),
        (State::HardLink, None, Some(original)) => {
            path::check(&original)?;
            Ok(Goal::HardLink { original })
        }
        (State::HardLink, None, None) => Err(Failure::invalid("a hard link needs an `original`")
            .hint("name the file that exists already")),
        (State::File, None, None) => Ok(Goal::File),
        (State::Directory, None, None) => Ok(Goal::Directory),
        (State::Absent, None, None) => Ok(Goal::Absent),
        (State::Touch, None, None) => Ok(Goal::Touch),
        (_, Some(_), _) => Err(Failure::invalid("only a symbolic link has a `target`")
            .hint("write state = \"symlink\"; a hard link has an `original`")),
        (_, None, Some(_)) => Err(Failure::invalid("only a hard link has an `original`")
            .hint("write state = \"hard-link\"; a symbolic link has a `target`")),
    }
}
