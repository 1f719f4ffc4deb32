//! `local`: a slave on the machine of whoever starts it.

use super::{Argument, Hop};
use connect::{Bandwidth, Boot};

/// The first stage under the machine's own shell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Local;

impl Local {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        match Argument::parse(text, &[])?.target() {
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
