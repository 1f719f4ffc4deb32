//! What can go wrong between this machine and a registry, and what to do about it.

use super::{Digest, Reference};
use crate::output::text::size;
use std::io;
use std::path::PathBuf;

/// Why a module could be neither pulled nor pushed, or is not pinned.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// This names nothing.
    #[error("`{text}` is no reference to a module in a registry: {why}")]
    Reference {
        /// What the user wrote.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There may be credentials, but nobody can read them. The text quotes nothing of them.
    #[error("the credentials for {host} cannot be had: {why}")]
    Credentials {
        /// The registry.
        host: String,
        /// Why.
        why: String,
    },
    /// Nobody answers, or not in time.
    #[error("{reference}: the registry cannot be reached: {why}")]
    Unreachable {
        /// What was wanted.
        reference: Box<Reference>,
        /// Why.
        why: String,
    },
    /// The registry wants to know who asks, or does not let them.
    #[error("{reference}: the registry does not allow it{}", after_colon(said))]
    Unauthorised {
        /// What was wanted.
        reference: Box<Reference>,
        /// Were there credentials for it?
        known: bool,
        /// The registry's word.
        said: String,
    },
    /// It has no such thing.
    #[error("{reference}: the registry has no such {what}")]
    NotFound {
        /// What was wanted.
        reference: Box<Reference>,
        /// Which part of it is missing.
        what: &'static str,
    },
    /// It answered something else.
    #[error(
        "{reference}: the registry answered with status {status}{}",
        after_colon(said)
    )]
    Refused {
        /// What was wanted.
        reference: Box<Reference>,
        /// The status of HTTP.
        status: u16,
        /// The registry's word.
        said: String,
    },
    /// It did not answer as registries do.
    #[error("{reference}: the registry's answer cannot be used: {why}")]
    Answer {
        /// What was wanted.
        reference: Box<Reference>,
        /// What is wrong with it.
        why: String,
    },
    /// Something else is there.
    #[error("{reference} is no module: {why}")]
    NotWasm {
        /// What was wanted.
        reference: Box<Reference>,
        /// What it is.
        why: String,
    },
    /// Nobody wants to read so much.
    #[error("{reference}: its {what} is larger than {}", size(*limit))]
    TooLarge {
        /// What was wanted.
        reference: Box<Reference>,
        /// Which part of it.
        what: &'static str,
        /// What is allowed.
        limit: u64,
    },
    /// What came is not what was named.
    #[error(
        "{reference}: its {what} is damaged, or was replaced: it has the digest {found}, and not {expected}"
    )]
    Digest {
        /// What was wanted.
        reference: Box<Reference>,
        /// Which part of it.
        what: &'static str,
        /// What should have come.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// Where it is pushed to decides its digest, not the user.
    #[error("{reference} cannot be pushed to: a digest is the result of a push")]
    PushToDigest {
        /// Where it should go.
        reference: Box<Reference>,
    },
    /// A lock file says nothing that can be used.
    #[error("{path}: {why}")]
    Lock {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// With `--locked` nothing new is resolved.
    #[error("{reference} is not locked{}", lock_lacks(path.as_ref()))]
    NotLocked {
        /// What is not.
        reference: Box<Reference>,
        /// The lock file, if there can be one.
        path: Option<PathBuf>,
    },
    /// This machine does not let us.
    #[error("{what}: {error}")]
    Io {
        /// The file, or what was tried.
        what: String,
        /// The system's word.
        error: io::Error,
    },
}

impl RegistryError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Reference { .. } => {
                "write oci:HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST]".to_owned()
            }
            Self::Credentials { host, .. } => {
                format!("`docker login {host}` writes them anew; docs/REGISTRY.md says where they are looked for")
            }
            Self::Unreachable { reference, .. } => format!(
                "is {} a registry, and the network there? What was pulled before and is pinned by its digest needs neither",
                reference.host()
            ),
            Self::Unauthorised {
                reference, known, ..
            } => match known {
                true => format!(
                    "the credentials that `docker login {}` left do not allow it: do they still hold?",
                    reference.host()
                ),
                false => format!(
                    "`docker login {}` gives credentials to it, if you have some; or is the name misspelt?",
                    reference.host()
                ),
            },
            Self::NotFound { what: "tag", .. } => {
                "check repository and tag; `zymogen push` puts something there".to_owned()
            }
            Self::NotFound { .. } => "somebody may have deleted it: push it again".to_owned(),
            Self::NotWasm { .. } => {
                "a module is one component in a layer of type application/wasm, as `zymogen push` and wkg make it"
                    .to_owned()
            }
            Self::Digest { .. } => {
                "nothing of it was used; whoever runs the registry should know. To push it again may mend it".to_owned()
            }
            Self::PushToDigest { .. } => "write a tag".to_owned(),
            Self::Lock { .. } => {
                "mend the file, or delete it: `zymogen lock` makes it anew".to_owned()
            }
            Self::NotLocked { path: Some(_), .. } => "`zymogen lock` adds it".to_owned(),
            Self::NotLocked { path: None, .. } => {
                "write the digest behind it: @sha256:...".to_owned()
            }
            Self::Refused { status: 429, .. } => {
                "it is asked too often: wait, or log in with `docker login`".to_owned()
            }
            Self::Refused { .. } | Self::Answer { .. } | Self::TooLarge { .. } | Self::Io { .. } => {
                return None;
            }
        };
        Some(hint)
    }
}

/// What a registry says stands behind a colon, if it says something.
fn after_colon(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!(": {text}"),
    }
}

fn lock_lacks(path: Option<&PathBuf>) -> String {
    path.map_or_else(String::new, |path| format!(": {} lacks it", path.display()))
}
