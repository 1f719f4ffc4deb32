//! `doas[:USER]`: another user of the same machine, as whom doas lets this one act.
//!
//! doas takes a password from a terminal only, so it gets one. Without a password it is told not to ask (`-n`).

use super::{Argument, Credential, Hop, Questions, Reply, Sign};
use connect::{Bandwidth, Boot, Phase, Stdio};

/// The option `password` says where the password comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Doas {
    user: String,
    password: Option<Credential>,
}

impl Doas {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        let argument = Argument::parse(text, &["password"])?;
        Ok(Self {
            user: argument.user_or_root()?,
            password: argument.credential("password")?,
        })
    }
}

impl Hop for Doas {
    fn argv(&self, boot: &Boot) -> Vec<String> {
        let mut argv = vec!["doas".to_owned()];
        if self.password.is_none() {
            argv.push("-n".to_owned());
        }
        argv.extend(["-u", &self.user].map(str::to_owned));
        argv.extend(boot.argv());
        argv
    }

    fn bandwidth(&self) -> Bandwidth {
        Bandwidth::Cheap
    }

    fn stdio(&self) -> Stdio {
        match self.password {
            Some(_) => Stdio::Terminal,
            None => Stdio::Pipe,
        }
    }

    fn questions(&self) -> Option<Questions<'_>> {
        let password = self.password.as_ref()?;
        Some(Questions {
            prompt: None,
            of_root: true,
            answers: vec![Reply::password(password)],
        })
    }

    fn signs(&self) -> &'static [Sign] {
        &SIGNS
    }
}

const SIGNS: [Sign; 5] = [
    Sign {
        says: "Authentication failed",
        phase: Phase::Authenticate,
        hint: "check the password: doas wants that of the user before this hop",
    },
    Sign {
        says: "Authentication required",
        phase: Phase::Authenticate,
        hint: "say where the password comes from: `{hop}?password=ask`, `...=env:NAME` or `...=file:PATH`",
    },
    Sign {
        says: "Operation not permitted",
        phase: Phase::Authenticate,
        hint: "doas.conf must permit the user before this hop to run `sh` as this one",
    },
    Sign {
        says: "doas is not enabled",
        phase: Phase::Authenticate,
        hint: "there is no doas.conf on that machine: an administrator must write one",
    },
    Sign {
        says: "unknown user",
        phase: Phase::Resolve,
        hint: "there is no such user on that machine",
    },
];
