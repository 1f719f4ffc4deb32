//! `local`: a slave on the master's own machine.

use super::Hop;
use connect::{Bandwidth, Boot};
use std::fmt;

/// The first stage under this machine's own shell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Local;

impl Local {
    /// It takes no argument.
    pub(super) fn parse(argument: Option<&str>) -> Result<Self, String> {
        match argument {
            None => Ok(Self),
            Some(_) => Err("it takes no argument".to_owned()),
        }
    }
}

impl Hop for Local {
    fn argv(&self, boot: &Boot) -> Vec<String> {
        boot.argv()
    }

    fn bandwidth(&self) -> Bandwidth {
        Bandwidth::Cheap
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("local")
    }
}
