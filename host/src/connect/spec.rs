//! A context in the user's words: a list of hops, as in `ssh -J`.

use super::Hop;
use super::chroot::Chroot;
use super::doas::Doas;
use super::docker::{Docker, Engine};
use super::incus::Incus;
use super::kubectl::Kubectl;
use super::local::Local;
use super::lxc::Lxc;
use super::nsenter::Nsenter;
use super::ssh::Ssh;
use super::su::Su;
use super::sudo::Sudo;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Makes a hop of what follows the method's name and a colon, or says what is wrong with it.
type Parse = fn(Option<&str>) -> Result<Arc<dyn Hop>, String>;

/// A method of connection, as the user calls it.
struct Method {
    name: &'static str,
    parse: Parse,
}

/// Beyond that somebody has lost count.
const MAX_HOPS: usize = 32;

/// All that exist.
const METHODS: [Method; 13] = [
    Method {
        name: "local",
        parse: |text| Ok(Arc::new(Local::parse(text)?)),
    },
    Method {
        name: "ssh",
        parse: |text| Ok(Arc::new(Ssh::parse(text)?)),
    },
    Method {
        name: "sudo",
        parse: |text| Ok(Arc::new(Sudo::parse(text)?)),
    },
    Method {
        name: "su",
        parse: |text| Ok(Arc::new(Su::parse(text)?)),
    },
    Method {
        name: "doas",
        parse: |text| Ok(Arc::new(Doas::parse(text)?)),
    },
    Method {
        name: "docker",
        parse: |text| Ok(Arc::new(Docker::parse(Engine::Docker, text)?)),
    },
    Method {
        name: "podman",
        parse: |text| Ok(Arc::new(Docker::parse(Engine::Podman, text)?)),
    },
    Method {
        name: "lxc",
        parse: |text| Ok(Arc::new(Lxc::parse(text)?)),
    },
    Method {
        name: "incus",
        parse: |text| Ok(Arc::new(Incus::parse("incus", text)?)),
    },
    Method {
        name: "lxd",
        parse: |text| Ok(Arc::new(Incus::parse("lxc", text)?)),
    },
    Method {
        name: "kubectl",
        parse: |text| Ok(Arc::new(Kubectl::parse(text)?)),
    },
    Method {
        name: "nsenter",
        parse: |text| Ok(Arc::new(Nsenter::parse(text)?)),
    },
    Method {
        name: "chroot",
        parse: |text| Ok(Arc::new(Chroot::parse(text)?)),
    },
];

/// Where a context is, as the steps on the way to it: `local`, or `ssh:web1,sudo:root`, where each step is
/// made by the context before it.
#[derive(Clone, Debug)]
pub struct ContextSpec {
    /// At least one.
    steps: Vec<Step>,
}

/// One step of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// As the user wrote it.
    text: String,
    hop: Arc<dyn Hop>,
}

impl Step {
    /// As the user wrote it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same without the options: what people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.split('?').next().unwrap_or_default()
    }

    /// How it is made.
    #[must_use]
    pub fn hop(&self) -> &dyn Hop {
        &*self.hop
    }

    /// The program that makes it.
    #[must_use]
    pub fn program(&self) -> String {
        let argv = self.hop.argv(&connect::Boot::new("", Vec::new()));
        argv.into_iter().next().unwrap_or_default()
    }
}

/// Why a text is not a context.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SpecError {
    /// There is nothing, or nothing between two commas.
    #[error("a context is a list of hops joined with commas, such as `local`; `{0}` lacks one")]
    Empty(String),
    /// The method does not exist.
    #[error("there is no way to connect called `{method}`; there is: {known}")]
    Unknown {
        /// What was asked for.
        method: String,
        /// What there is, joined with commas.
        known: String,
    },
    /// The method does not understand what follows the colon.
    #[error("`{hop}`: {why}")]
    Argument {
        /// The whole hop.
        hop: String,
        /// What is wrong.
        why: String,
    },
    /// More hops than a tree has levels.
    #[error("`{0}` has more than {MAX_HOPS} hops")]
    TooMany(String),
}

impl ContextSpec {
    /// The steps on the way to it, in their order. There is at least one.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What people call it: its steps without their options.
    #[must_use]
    pub fn name(&self) -> String {
        let names: Vec<_> = self.steps.iter().map(Step::name).collect();
        names.join(",")
    }
}

impl FromStr for ContextSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let steps = text.split(',').map(|hop| parse(text, hop.trim()));
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        if steps.len() > MAX_HOPS {
            return Err(SpecError::TooMany(text.to_owned()));
        }
        Ok(Self { steps })
    }
}

fn parse(text: &str, hop: &str) -> Result<Step, SpecError> {
    // A method whose target may be left out may have options nevertheless: `sudo?password=ask`.
    let (name, argument) = match hop.find([':', '?']) {
        Some(at) if hop[at..].starts_with('?') => (&hop[..at], Some(&hop[at..])),
        Some(at) => (&hop[..at], Some(&hop[at + 1..])),
        None => (hop, None),
    };
    if name.is_empty() {
        return Err(SpecError::Empty(text.to_owned()));
    }
    let Some(method) = METHODS.iter().find(|method| method.name == name) else {
        return Err(SpecError::Unknown {
            method: name.to_owned(),
            known: METHODS.map(|method| method.name).join(", "),
        });
    };
    let made = (method.parse)(argument).map_err(|why| SpecError::Argument {
        hop: hop.to_owned(),
        why,
    })?;
    Ok(Step {
        text: hop.to_owned(),
        hop: made,
    })
}

impl fmt::Display for ContextSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.steps.iter().map(Step::text).collect();
        f.write_str(&texts.join(","))
    }
}

/// Two are equal if they are written the same way.
impl PartialEq for ContextSpec {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for ContextSpec {}
