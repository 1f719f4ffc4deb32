//! What one call may touch and use up. Both travel with the call, as plain data; the runtime enforces them.

mod address;
mod callee;
mod exec;
mod path;
mod words;

pub use address::{Address, Host, ParseAddressError};
pub use callee::{Callee, ParseCalleeError};
pub use exec::{Exec, Input};
pub use path::normal_path;

use crate::Digest;
use crate::message::Secret;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use words::{quoted, unquoted};

/// How a file may be used. Writing includes reading.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Access {
    /// Look at it and at what is below it.
    Read,
    /// Also create, change and remove it and what is below it.
    Write,
}

/// Permission for one thing. Whatever no grant names is denied.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grant {
    /// Read this absolute path and all below it: `read:/etc/hosts`. It may be quoted: `read:'/srv/two words'`.
    Read(String),
    /// Read and write this absolute path and all below it: `write:/srv/app`.
    Write(String),
    /// Execute this, and so: `exec:/bin/df -h`, `exec:systemctl *`, `exec:-C /srv LANG=C make all`.
    Exec(Exec),
    /// See this environment variable with this value: `env:LANG=C`.
    Env(String, String),
    /// Connect to, or bind, this address: `net:127.0.0.1:80`, `net:db.internal:5432`, `net:[::1]:*`.
    Net(Address),
    /// Read this file of the master, by its digest.
    Source(Digest),
    /// Learn what machine this is: `system`.
    System,
    /// Call functions of this module in this context, under the same policy: `call:ssh:db1 ./inventory.wasm`.
    Call(Callee),
    /// Call methods of this service of the master: `service:inventory`.
    Service(String),
    /// Send to, and receive from, the channel of this name: `channel:join-token`.
    Channel(String),
    /// Read the secret of this name. Nothing shows its value, and no text stands for it.
    Secret(String, Secret),
}

/// A text that is no grant.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected a grant such as {expected}, found `{found}`")]
pub struct ParseGrantError {
    found: String,
    expected: &'static str,
}

impl FromStr for Grant {
    type Err = ParseGrantError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |expected| ParseGrantError {
            found: text.to_owned(),
            expected,
        };
        // Paths are absolute: one that begins with a quote is quoted, as they are where grants are shown.
        let path = |path, expected| {
            unquoted(path)
                .and_then(|path| normal_path(&path))
                .ok_or_else(|| fail(expected))
        };
        let name = |name| {
            let name = unquoted(name)?;
            (!name.is_empty()).then(|| name.into_owned())
        };
        match text.split_once(':') {
            None if text == "system" => Ok(Self::System),
            Some(("read", rest)) => {
                path(rest, "`read:/absolute/path`, without `..`").map(Self::Read)
            }
            Some(("write", rest)) => {
                path(rest, "`write:/absolute/path`, without `..`").map(Self::Write)
            }
            Some(("exec", rest)) => Exec::parse(rest)
                .map(Self::Exec)
                .ok_or_else(|| fail(Exec::EXPECTED)),
            Some(("env", rest)) => rest
                .split_once('=')
                .map(|(name, value)| Self::Env(name.to_owned(), value.to_owned()))
                .ok_or_else(|| fail("`env:NAME=VALUE`")),
            Some(("call", rest)) => rest
                .parse()
                .map(Self::Call)
                .map_err(|_| fail("`call:CONTEXT MODULE`, where the context may be `.`")),
            Some(("service", rest)) => name(rest)
                .map(Self::Service)
                .ok_or_else(|| fail("`service:NAME`")),
            Some(("channel", rest)) => name(rest)
                .map(Self::Channel)
                .ok_or_else(|| fail("`channel:NAME`")),
            Some(("net", rest)) => rest.parse().map(Self::Net).map_err(|_| {
                fail("`net:HOST:PORT`, where the host is a name or a number, and `*` all ports")
            }),
            _ => Err(fail(
                "`read:PATH`, `write:PATH`, `exec:PROGRAM ARGUMENTS`, `env:NAME=VALUE`, `net:HOST:PORT`, `call:CONTEXT MODULE`, \
                 `service:NAME`, `channel:NAME` or `system`",
            )),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path) => write!(f, "read:{}", quoted(path)),
            Self::Write(path) => write!(f, "write:{}", quoted(path)),
            Self::Exec(exec) => write!(f, "exec:{exec}"),
            // The value may be a secret.
            Self::Env(name, _) => write!(f, "env:{}=…", quoted(name)),
            Self::Net(address) => write!(f, "net:{address}"),
            Self::Source(digest) => write!(f, "source:{}", digest.short()),
            Self::System => f.write_str("system"),
            Self::Call(callee) => write!(f, "call:{callee}"),
            Self::Service(name) => write!(f, "service:{}", quoted(name)),
            Self::Channel(name) => write!(f, "channel:{}", quoted(name)),
            Self::Secret(name, _) => write!(f, "secret:{}", quoted(name)),
        }
    }
}

/// All that a call may touch. The default is nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Policy {
    /// The grants, in no particular order.
    pub grants: Vec<Grant>,
}

impl Policy {
    /// The granted path that decides about `path`, if there is one with enough access: the outermost that may
    /// be written, because who writes there can replace all below it; else the longest that may be read.
    /// `path` must be normal, as [`normal_path`] makes it.
    #[must_use]
    pub fn covering(&self, path: &str, access: Access) -> Option<&str> {
        let covers = |root: &&str| is_at_or_below(path, root);
        let written = self.grants.iter().filter_map(|grant| match grant {
            Grant::Write(root) => Some(root.as_str()),
            _ => None,
        });
        let read = self.grants.iter().filter_map(|grant| match grant {
            Grant::Read(root) if access == Access::Read => Some(root.as_str()),
            _ => None,
        });
        written
            .filter(covers)
            .min_by_key(|root| root.len())
            .or_else(|| read.filter(covers).max_by_key(|root| root.len()))
    }

    /// Does finding out what is granted wait for something: for a disk on which paths lead somewhere, or for the
    /// addresses of names?
    #[must_use]
    pub fn is_looked_up(&self) -> bool {
        self.grants.iter().any(|grant| {
            matches!(
                grant,
                Grant::Read(_)
                    | Grant::Write(_)
                    | Grant::Net(Address {
                        host: Host::Name(_),
                        ..
                    })
            )
        })
    }

    /// May this command be executed?
    #[must_use]
    pub fn may_execute(&self, wanted: &Exec) -> bool {
        self.grants.iter().any(|grant| match grant {
            Grant::Exec(granted) => granted.covers(wanted),
            _ => false,
        })
    }

    /// May this file of the master be read?
    #[must_use]
    pub fn may_read_source(&self, digest: &Digest) -> bool {
        self.grants.contains(&Grant::Source(*digest))
    }

    /// The secret of this name, if it may be read.
    #[must_use]
    pub fn secret(&self, wanted: &str) -> Option<&Secret> {
        self.grants.iter().find_map(|grant| match grant {
            Grant::Secret(name, secret) if name == wanted => Some(secret),
            _ => None,
        })
    }

    /// May functions of this module be called?
    #[must_use]
    pub fn may_call(&self, wanted: &Callee) -> bool {
        self.grants
            .iter()
            .any(|grant| matches!(grant, Grant::Call(callee) if callee == wanted))
    }

    /// May methods of this service be called?
    #[must_use]
    pub fn may_use_service(&self, wanted: &str) -> bool {
        self.grants
            .iter()
            .any(|grant| matches!(grant, Grant::Service(name) if name == wanted))
    }

    /// May this channel be used?
    #[must_use]
    pub fn may_use_channel(&self, wanted: &str) -> bool {
        self.grants
            .iter()
            .any(|grant| matches!(grant, Grant::Channel(name) if name == wanted))
    }

    /// Is there anything that its guest may ask of the master?
    #[must_use]
    pub fn asks(&self) -> bool {
        self.grants.iter().any(|grant| {
            matches!(
                grant,
                Grant::Call(_) | Grant::Service(_) | Grant::Channel(_)
            )
        })
    }

    /// The grants as one line for an error: what is allowed instead.
    #[must_use]
    pub fn summary(&self) -> String {
        if self.grants.is_empty() {
            return "nothing".to_owned();
        }
        let texts: Vec<_> = self.grants.iter().map(Grant::to_string).collect();
        texts.join(", ")
    }
}

fn is_at_or_below(path: &str, root: &str) -> bool {
    let root = root.trim_end_matches('/');
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What one call may use up. Beyond any of these it ends as [`crate::message::Outcome::OverLimit`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallLimits {
    /// Time from its arrival to its outcome, in milliseconds; waiting for the module counts.
    pub wall_ms: u64,
    /// All linear memories of all its instances together, in bytes.
    pub memory_bytes: u64,
    /// Standard output, standard error, log records and the output of commands together, in bytes.
    pub output_bytes: u64,
}

impl Default for CallLimits {
    /// 30 seconds, 256 MiB of memory, 16 MiB of output.
    fn default() -> Self {
        Self {
            wall_ms: 30_000,
            memory_bytes: 256 << 20,
            output_bytes: 16 << 20,
        }
    }
}
