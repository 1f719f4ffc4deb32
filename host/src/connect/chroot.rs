//! `chroot:DIRECTORY`: a system below a directory of the same machine.

use super::{Argument, Hop, Sign};
use connect::{Bandwidth, Boot, Phase};

/// The option `user` is chroot's --userspec: `USER` or `USER:GROUP`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chroot {
    directory: String,
    user: Option<String>,
}

impl Chroot {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        let argument = Argument::parse(text, &["user"])?;
        let directory = argument.need("a directory")?;
        if !directory.starts_with('/') {
            return Err(format!("`{directory}` is no absolute path"));
        }
        Ok(Self {
            directory,
            user: argument.option("user").map(str::to_owned),
        })
    }
}

impl Hop for Chroot {
    fn argv(&self, boot: &Boot) -> Vec<String> {
        let mut argv = vec!["chroot".to_owned()];
        argv.extend(self.user.iter().map(|user| format!("--userspec={user}")));
        argv.push(self.directory.clone());
        argv.extend(boot.argv());
        argv
    }

    fn bandwidth(&self) -> Bandwidth {
        Bandwidth::Cheap
    }

    fn signs(&self) -> &'static [Sign] {
        &SIGNS
    }
}

const SIGNS: [Sign; 5] = [
    Sign {
        says: "/dev/null",
        phase: Phase::FirstStage,
        hint: "below that directory there is no /dev/null: mount /dev there, or make it with mknod",
    },
    Sign {
        says: "failed to run command",
        phase: Phase::FirstStage,
        hint: "below that directory there is no `sh`, or it is for another kind of machine",
    },
    Sign {
        says: "Operation not permitted",
        phase: Phase::Authenticate,
        hint: "put `sudo` before this hop",
    },
    Sign {
        says: "invalid user",
        phase: Phase::Resolve,
        hint: "there is no such user below that directory",
    },
    Sign {
        says: "cannot change root directory",
        phase: Phase::Resolve,
        hint: "there is no such directory, or it cannot be entered",
    },
];
