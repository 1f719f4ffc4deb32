//! What names a module in a registry: `oci:HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST]`.

use super::{Digest, RegistryError};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// How each reference begins, so that none can be taken for a path or the name of a standard module.
const SCHEME: &str = "oci:";

/// The tag that is meant if there is neither a tag nor a digest.
const LATEST: &str = "latest";

/// The longest name of a repository, and the longest tag, that every registry takes.
const MAX_REPOSITORY: usize = 255;
const MAX_TAG: usize = 128;

/// A module in a registry. It has a tag, a digest, or both; then the digest counts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Reference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Is this text meant as a reference? Whether it is a good one is another question.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// The registry: a name or an address, and perhaps a port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository in it.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The last part of the repository: what to call the module.
    #[must_use]
    pub fn name(&self) -> &str {
        let last = self.repository.rsplit('/').next();
        last.unwrap_or(&self.repository)
    }

    /// The tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of its manifest, if that is what it names.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The same reference, pinned.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self {
            digest: Some(digest),
            ..self.clone()
        }
    }

    /// Is the registry on this machine? Only such a one is spoken to without TLS.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let (name, _) = host_and_port(&self.host);
        let bracketed = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
        name == "localhost"
            || name.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
            || bracketed.is_some_and(|ip| ip.parse() == Ok(Ipv6Addr::LOCALHOST))
    }
}

impl FromStr for Reference {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        parse(text).map_err(|why| RegistryError::Reference {
            text: text.to_owned(),
            why,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn parse(text: &str) -> Result<Reference, &'static str> {
    let rest = text
        .strip_prefix(SCHEME)
        .ok_or("it does not begin with `oci:`")?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (rest, digest) = match rest.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.parse()?)),
        None => (rest, None),
    };
    let (host, path) = rest
        .split_once('/')
        .ok_or("a registry and a repository are joined by a slash")?;
    let (repository, tag) = match path.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (path, None),
    };
    if !is_host(host) {
        return Err("the registry is a name with a dot or a port, `localhost`, or an address");
    }
    if repository.len() > MAX_REPOSITORY || !repository.split('/').all(is_component) {
        return Err(
            "a repository is lower-case letters and digits, with single `.`, `_`, `-` and `/` between them",
        );
    }
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err(
            "a tag is at most 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two",
        );
    }
    let tag = match (tag, &digest) {
        (None, None) => Some(LATEST),
        (tag, _) => tag,
    };
    Ok(Reference {
        host: host.to_owned(),
        repository: repository.to_owned(),
        tag: tag.map(str::to_owned),
        digest,
    })
}

/// The colons of an IPv6 address stand in brackets.
fn host_and_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

fn is_host(host: &str) -> bool {
    let (name, port) = host_and_port(host);
    if port.is_some_and(|port| port.parse::<u16>().is_err() || port.starts_with('+')) {
        return false;
    }
    if let Some(inner) = name.strip_prefix('[') {
        let address = inner.strip_suffix(']');
        return address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let label = |label: &str| {
        label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // Else `oci:library/motd` would ask a machine called `library`.
    let named = name.contains('.') || port.is_some() || name == "localhost";
    named && name.len() <= 253 && name.split('.').all(label)
}

/// One part of a repository's name: words, and between them one `.`, one or two `_`, or any number of `-`.
fn is_component(component: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut separators = component.split(word).filter(|between| !between.is_empty());
    component.starts_with(word)
        && component.ends_with(word)
        && separators
            .all(|between| matches!(between, "." | "_" | "__") || between.chars().all(|c| c == '-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= MAX_TAG
        && tag.starts_with(word)
        && tag.chars().all(|c| word(c) || c == '.' || c == '-')
}
