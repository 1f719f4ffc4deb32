//! `docker:[USER@]CONTAINER` and `podman:[USER@]CONTAINER`: a running container, by `exec`.

use super::{Argument, Hop, Sign};
use connect::{Bandwidth, Boot, Phase};

/// Which program. Their command lines are the same as far as they are used here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Engine {
    Docker,
    Podman,
}

/// The option `host` is the engine's address (docker's --host, podman's --url).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Docker {
    engine: Engine,
    host: Option<String>,
    user: Option<String>,
    container: String,
}

impl Docker {
    pub(super) fn parse(engine: Engine, text: Option<&str>) -> Result<Self, String> {
        let argument = Argument::parse(text, &["host"])?;
        let (user, container) = argument.user_and("a container")?;
        Ok(Self {
            engine,
            host: argument.option("host").map(str::to_owned),
            user,
            container,
        })
    }
}

impl Hop for Docker {
    fn argv(&self, boot: &Boot) -> Vec<String> {
        let (program, address) = match self.engine {
            Engine::Docker => ("docker", "--host"),
            Engine::Podman => ("podman", "--url"),
        };
        let mut argv = vec![program.to_owned()];
        if let Some(host) = &self.host {
            argv.extend([address.to_owned(), host.clone()]);
        }
        argv.extend(["exec", "-i"].map(str::to_owned));
        if let Some(user) = &self.user {
            argv.extend(["-u".to_owned(), user.clone()]);
        }
        argv.push(self.container.clone());
        argv.extend(boot.argv());
        argv
    }

    fn bandwidth(&self) -> Bandwidth {
        match self.host {
            None => Bandwidth::Cheap,
            Some(_) => Bandwidth::Dear,
        }
    }

    fn signs(&self) -> &'static [Sign] {
        &SIGNS
    }
}

const ABSENT: &str = "there is no such container: `docker ps -a` or `podman ps -a` lists them";
const STOPPED: &str = "start the container first, or unpause it";
const NO_SHELL: &str = "the container has no `sh`, which is all that is needed: use an image that has one, busybox for instance";

const SIGNS: [Sign; 13] = [
    Sign {
        says: "No such container",
        phase: Phase::Resolve,
        hint: ABSENT,
    },
    Sign {
        says: "no such container",
        phase: Phase::Resolve,
        hint: ABSENT,
    },
    Sign {
        says: "no container with name or ID",
        phase: Phase::Resolve,
        hint: ABSENT,
    },
    Sign {
        says: "is not running",
        phase: Phase::Resolve,
        hint: STOPPED,
    },
    Sign {
        says: "on running containers",
        phase: Phase::Resolve,
        hint: STOPPED,
    },
    Sign {
        says: "is paused",
        phase: Phase::Resolve,
        hint: "the container is paused: unpause it first",
    },
    Sign {
        says: "Cannot connect to the Docker daemon",
        phase: Phase::Resolve,
        hint: "the daemon does not run there, or listens elsewhere: `{hop}?host=ADDRESS`",
    },
    Sign {
        says: "unable to connect to Podman",
        phase: Phase::Resolve,
        hint: "podman's service does not run there, or listens elsewhere: `{hop}?host=ADDRESS`",
    },
    Sign {
        says: "permission denied while trying to connect",
        phase: Phase::Authenticate,
        hint: "that user may not use the daemon: put `sudo` before this hop, or the user into the group docker",
    },
    Sign {
        says: "executable file not found",
        phase: Phase::FirstStage,
        hint: NO_SHELL,
    },
    Sign {
        says: "`sh` not found",
        phase: Phase::FirstStage,
        hint: NO_SHELL,
    },
    Sign {
        says: "unable to find user",
        phase: Phase::Resolve,
        hint: "there is no such user in the container",
    },
    Sign {
        says: "exec format error",
        phase: Phase::FirstStage,
        hint: "the container is for another kind of machine, which this one cannot run",
    },
];
