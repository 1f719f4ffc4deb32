//! `lxc:NAME`: a running container of LXC, by `lxc-attach`.

use super::{Argument, Hop, Sign};
use connect::{Bandwidth, Boot, Phase};

/// The option `path` is the directory of the containers, as lxc-attach's -P.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lxc {
    name: String,
    path: Option<String>,
}

impl Lxc {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        let argument = Argument::parse(text, &["path"])?;
        Ok(Self {
            name: argument.need("a container")?,
            path: argument.option("path").map(str::to_owned),
        })
    }
}

impl Hop for Lxc {
    fn argv(&self, boot: &Boot) -> Vec<String> {
        let mut argv = ["lxc-attach", "-n", &self.name].map(str::to_owned).to_vec();
        if let Some(path) = &self.path {
            argv.extend(["-P".to_owned(), path.clone()]);
        }
        // What is in our environment is not for the container.
        argv.extend(["--clear-env", "--"].map(str::to_owned));
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

const SIGNS: [Sign; 4] = [
    Sign {
        says: "Failed to exec \"sh\"",
        phase: Phase::FirstStage,
        hint: "the container has no `sh`, which is all that is needed",
    },
    Sign {
        says: "Failed to get init pid",
        phase: Phase::Resolve,
        hint: "there is no such container, or it does not run: `lxc-ls -f` lists them",
    },
    Sign {
        says: "privileges to control",
        phase: Phase::Authenticate,
        hint: "put `sudo` before this hop",
    },
    Sign {
        says: "Permission denied",
        phase: Phase::Authenticate,
        hint: "put `sudo` before this hop",
    },
];
