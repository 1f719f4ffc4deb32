//! `incus:[REMOTE:]INSTANCE` and `lxd:[REMOTE:]INSTANCE`: a running instance, by `exec`.
//!
//! Not tested against the programs themselves, only against their documentation.

use super::{Argument, Hop, Sign};
use connect::{Boot, Phase};

/// Options: `project`, and `user`, the number of a user in the instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incus {
    /// `incus`, or `lxc` for LXD.
    program: &'static str,
    instance: String,
    project: Option<String>,
    user: Option<u32>,
}

impl Incus {
    pub(super) fn parse(program: &'static str, text: Option<&str>) -> Result<Self, String> {
        let argument = Argument::parse(text, &["project", "user"])?;
        Ok(Self {
            program,
            instance: argument.need("an instance")?,
            project: argument.option("project").map(str::to_owned),
            user: argument.read("user", "the number of a user")?,
        })
    }
}

impl Hop for Incus {
    fn argv(&self, boot: &Boot) -> Vec<String> {
        let exec = [self.program, "exec", &self.instance];
        let mut argv = exec.map(str::to_owned).to_vec();
        if let Some(project) = &self.project {
            argv.extend(["--project".to_owned(), project.clone()]);
        }
        if let Some(user) = self.user {
            argv.extend(["--user".to_owned(), user.to_string()]);
        }
        // Without it a terminal may be made there, which changes the bytes.
        argv.extend(["--mode=non-interactive", "--"].map(str::to_owned));
        argv.extend(boot.argv());
        argv
    }

    fn signs(&self) -> &'static [Sign] {
        &SIGNS
    }
}

const SIGNS: [Sign; 4] = [
    Sign {
        says: "Instance not found",
        phase: Phase::Resolve,
        hint: "there is no such instance in this project",
    },
    Sign {
        says: "Instance is not running",
        phase: Phase::Resolve,
        hint: "start the instance first",
    },
    Sign {
        says: "Command not found",
        phase: Phase::FirstStage,
        hint: "the instance has no `sh`, which is all that is needed",
    },
    Sign {
        says: "permission denied",
        phase: Phase::Authenticate,
        hint: "that user may not use the daemon: put `sudo` before this hop, or the user into its group",
    },
];
