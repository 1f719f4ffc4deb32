//! What the path grants of a call mean, fixed before its guest runs.
//!
//! A guest may replace what its grants name, by a link for example. So the way to the root of each grant
//! is walked once, at the start, and its directory is kept open: from then on a root is a name in a
//! directory that nobody can exchange, and neither it nor what is below it is looked up through links.
//!
//! The way to a root is the operator's, and links in it are followed. The root's own name is the guest's as
//! soon as it may write there: a link in its place may come from an earlier call, so it leads nowhere. A
//! root that may only be read may be a link to a directory.

use proto::policy::{Grant, normal_path};
use proto::{Access, Policy};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Opens a directory on the way to something else: that it may be searched is enough.
const SEARCH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The roots of one call. Empty, and for nothing, if no path is granted.
pub(crate) struct Roots(Vec<Arc<Root>>);

/// The root of one grant.
pub(crate) struct Root {
    /// As the grant has it.
    path: String,
    access: Access,
    /// The deepest directory on the way that was there at the start.
    anchor: Arc<OwnedFd>,
    /// The names from there to the root; none for `/`.
    rest: String,
    /// The directory that it is or leads to, if it may only be read.
    directory: Option<Arc<OwnedFd>>,
}

impl Roots {
    /// Finds the roots of a policy.
    pub(crate) fn pin(policy: &Policy) -> Self {
        let mut roots: Vec<Arc<Root>> = Vec::new();
        for grant in &policy.grants {
            let (path, access) = match grant {
                Grant::Read(path) => (path, Access::Read),
                Grant::Write(path) => (path, Access::Write),
                _ => continue,
            };
            // What another grant decides about is no root of its own.
            let decides = policy.covering(path, access) == Some(path);
            if decides && !roots.iter().any(|root| root.path == *path) {
                roots.extend(Root::pin(path, access).map(Arc::new));
            }
        }
        Self(roots)
    }

    /// The root of a granted path.
    pub(super) fn get(&self, path: &str) -> Option<Arc<Root>> {
        self.0.iter().find(|root| root.path == path).cloned()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Root> {
        self.0.iter().map(|root| &**root)
    }
}

impl Root {
    /// None for a path without a normal form: nothing can be asked for below it.
    fn pin(path: &str, access: Access) -> Option<Self> {
        let normal = normal_path(path)?;
        // What is missing now may be made later, from the deepest directory that is there.
        let mut steps = normal.rmatch_indices('/');
        let (anchor, rest) = steps.find_map(|(end, _)| {
            let way = if end == 0 { "/" } else { &normal[..end] };
            let anchor = rustix::fs::openat(CWD, way, SEARCH, Mode::empty()).ok()?;
            Some((anchor, &normal[end + 1..]))
        })?;
        let directory = match access {
            Access::Read => {
                let name = if rest.is_empty() { "." } else { rest };
                rustix::fs::openat(&anchor, name, SEARCH, Mode::empty()).ok()
            }
            Access::Write => None,
        };
        Some(Self {
            path: path.to_owned(),
            access,
            anchor: Arc::new(anchor),
            rest: rest.to_owned(),
            directory: directory.map(Arc::new),
        })
    }

    /// As the grant has it.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn access(&self) -> Access {
        self.access
    }

    /// Where the way to a path at or below this root begins, and the names that are left of it.
    pub(super) fn start(&self, normal: &str) -> (Arc<OwnedFd>, String) {
        let below = &normal[self.path.trim_end_matches('/').len()..];
        match &self.directory {
            Some(directory) if !below.is_empty() => (directory.clone(), below.to_owned()),
            _ => (self.anchor.clone(), format!("{}{below}", self.rest)),
        }
    }

    /// The directory at the root, if there is one.
    pub(crate) fn directory(&self) -> Option<Arc<OwnedFd>> {
        if self.access == Access::Read {
            return self.directory.clone();
        }
        let mut names = self.rest.split('/').filter(|name| !name.is_empty());
        names.try_fold(self.anchor.clone(), |from, name| {
            enter(&from, name).map(Arc::new).ok()
        })
    }
}

/// Opens a directory to look something up in it. A link is not followed.
pub(super) fn enter(from: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(from, name, SEARCH | OFlags::NOFOLLOW, Mode::empty()).map_err(|error| {
        let is_link = |stat: Stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
        // The system says the same of a file and of a link.
        match rustix::fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if error == Errno::NOTDIR && is_link(found) => Errno::LOOP,
            _ => error,
        }
    })
}
