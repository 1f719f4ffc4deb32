//! `nsenter:PID`: the namespaces and the root directory of another process of the same machine, which is a container of
//! whatever kind.

use super::{Argument, Hop, Sign};
use connect::{Bandwidth, Boot, Phase};

/// It has no options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nsenter {
    pid: u32,
}

impl Nsenter {
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        let argument = Argument::parse(text, &[])?;
        let target = argument.need("the id of a process")?;
        match target.parse() {
            Ok(pid) if pid > 0 => Ok(Self { pid }),
            _ => Err(format!("`{target}` is not the id of a process")),
        }
    }
}

impl Hop for Nsenter {
    fn argv(&self, boot: &Boot) -> Vec<String> {
        let pid = self.pid.to_string();
        let enter = ["nsenter", "--target", &pid, "--all", "--root", "--wd", "--"];
        let mut argv = enter.map(str::to_owned).to_vec();
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
        says: "failed to execute",
        phase: Phase::FirstStage,
        hint: "the process's root directory has no `sh`, which is all that is needed, or one for another kind of machine",
    },
    Sign {
        says: "No such file or directory",
        phase: Phase::Resolve,
        hint: "there is no such process",
    },
    Sign {
        says: "Permission denied",
        phase: Phase::Authenticate,
        hint: "put `sudo` before this hop",
    },
    Sign {
        says: "Operation not permitted",
        phase: Phase::Authenticate,
        hint: "put `sudo` before this hop",
    },
];
