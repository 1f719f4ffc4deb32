//! `su[:USER]`: another user of the same machine, whose password is known.
//!
//! The su of util-linux and of busybox ask on their standard streams if there is no terminal; the question ends in a colon in
//! every language. It does not ask root. The user's login shell gets the first stage as a command line.

use super::{Argument, Credential, Hop, Questions, Reply, Sign};
use connect::{Bandwidth, Boot, Phase};

/// The option `password` says where the password comes from. Root needs none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Su {
    user: String,
    password: Option<Credential>,
}

impl Su {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        let argument = Argument::parse(text, &["password"])?;
        Ok(Self {
            user: argument.user_or_root()?,
            password: argument.credential("password")?,
        })
    }
}

impl Hop for Su {
    fn argv(&self, boot: &Boot) -> Vec<String> {
        let line = boot.command_line();
        ["su", "-c", &line, &self.user].map(str::to_owned).to_vec()
    }

    fn bandwidth(&self) -> Bandwidth {
        Bandwidth::Cheap
    }

    fn questions(&self) -> Option<Questions<'_>> {
        Some(Questions {
            prompt: None,
            of_root: false,
            answers: self.password.iter().map(Reply::password).collect(),
        })
    }

    fn signs(&self) -> &'static [Sign] {
        &SIGNS
    }
}

const SIGNS: [Sign; 6] = [
    Sign {
        says: "does not exist",
        phase: Phase::Resolve,
        hint: "there is no such user on that machine",
    },
    Sign {
        says: "unknown user",
        phase: Phase::Resolve,
        hint: "there is no such user on that machine",
    },
    Sign {
        says: "Authentication failure",
        phase: Phase::Authenticate,
        hint: "check the password: su wants that of the user whom it leads to",
    },
    Sign {
        says: "incorrect password",
        phase: Phase::Authenticate,
        hint: "check the password: su wants that of the user whom it leads to",
    },
    Sign {
        says: "Permission denied",
        phase: Phase::Authenticate,
        hint: "su is not for everybody there: the user before this hop may have to be in the group wheel",
    },
    Sign {
        says: "must be run from a terminal",
        phase: Phase::Authenticate,
        hint: "this su takes no password without a terminal: use sudo or doas",
    },
];
