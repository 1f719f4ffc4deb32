//! `sudo[:USER]`: another user of the same machine, as whom sudo lets this one act.
//!
//! The password goes to sudo's standard input (`-S`), so that no terminal is needed; with `tty=yes` it is asked for at one, for
//! a sudoers file with `requiretty`. Sudo's own prompt is replaced, so that its language does not matter. Without a password
//! sudo is told not to ask (`-n`).

use super::{Advice, Argument, Credential, Failure, Hop, Questions, Reply, Sign};
use connect::{Bandwidth, Boot, FailureKind, Phase, Stdio};

/// What sudo asks instead of its own words.
const PROMPT: &str = "[zymogen] password:";

/// Options: `password`, and `tty` for sudoers files with `requiretty`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sudo {
    user: String,
    password: Option<Credential>,
    terminal: bool,
}

impl Sudo {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        let argument = Argument::parse(text, &["password", "tty"])?;
        Ok(Self {
            user: argument.user_or_root()?,
            password: argument.credential("password")?,
            terminal: argument.flag("tty")?,
        })
    }
}

impl Hop for Sudo {
    fn argv(&self, boot: &Boot) -> Vec<String> {
        let mut argv = vec!["sudo".to_owned()];
        match (&self.password, self.terminal) {
            (None, _) => argv.push("-n".to_owned()),
            (Some(_), true) => argv.extend(["-p", PROMPT].map(str::to_owned)),
            (Some(_), false) => argv.extend(["-S", "-p", PROMPT].map(str::to_owned)),
        }
        // Its home is where the image is kept.
        argv.extend(["-H", "-u", &self.user, "--"].map(str::to_owned));
        argv.extend(boot.argv());
        argv
    }

    fn bandwidth(&self) -> Bandwidth {
        Bandwidth::Cheap
    }

    fn stdio(&self) -> Stdio {
        match self.terminal {
            true => Stdio::Terminal,
            false => Stdio::Pipe,
        }
    }

    fn questions(&self) -> Option<Questions<'_>> {
        let password = self.password.as_ref()?;
        Some(Questions {
            prompt: Some(PROMPT),
            of_root: true,
            answers: vec![Reply::password(password)],
        })
    }

    fn signs(&self) -> &'static [Sign] {
        &SIGNS
    }

    fn advise(&self, failure: &Failure<'_>) -> Option<Advice> {
        matches!(failure.kind, FailureKind::Refused(_)).then(|| Advice {
            phase: Phase::Authenticate,
            hint: WRONG.to_owned(),
        })
    }
}

const WRONG: &str = "check the password: sudo wants that of the user before this hop, unless the sudoers file says otherwise";

const SIGNS: [Sign; 6] = [
    // It ends at once if the sudoers file allows one attempt only.
    Sign {
        says: "incorrect password attempt",
        phase: Phase::Authenticate,
        hint: WRONG,
    },
    Sign {
        says: "a password is required",
        phase: Phase::Authenticate,
        hint: "say where the password comes from: `{hop}?password=ask`, `...=env:NAME` or `...=file:PATH`",
    },
    Sign {
        says: "is not in the sudoers file",
        phase: Phase::Authenticate,
        hint: "the user before this hop may not use sudo there: an administrator must allow it",
    },
    Sign {
        says: "is not allowed to execute",
        phase: Phase::Authenticate,
        hint: "the sudoers file must allow that user to run `sh` as this one",
    },
    Sign {
        says: "you must have a tty",
        phase: Phase::Authenticate,
        hint: "the sudoers file says requiretty: `{hop}?tty=yes`, with the password if one is needed",
    },
    Sign {
        says: "unknown user",
        phase: Phase::Resolve,
        hint: "there is no such user on that machine",
    },
];
