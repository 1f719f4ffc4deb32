//! The links of a context, and which of them leads to which other context.

use super::Role;
use crate::{ContextId, LinkId};
use std::collections::BTreeMap;

/// One neighbour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) peer: ContextId,
    pub(super) role: Role,
}

#[derive(Debug, Default)]
pub(super) struct Links {
    links: BTreeMap<LinkId, Link>,
    routes: BTreeMap<ContextId, LinkId>,
    parent: Option<LinkId>,
}

impl Links {
    /// A context id that a second link claims stays with the first.
    pub(super) fn add(&mut self, link: LinkId, peer: ContextId, role: Role) {
        self.links.insert(link, Link { peer, role });
        match role {
            Role::Parent => self.parent = Some(link),
            Role::Child => {
                self.routes.entry(peer).or_insert(link);
            }
        }
    }

    pub(super) fn remove(&mut self, link: LinkId) -> Option<Link> {
        let removed = self.links.remove(&link)?;
        self.routes.retain(|_, via| *via != link);
        if self.parent == Some(link) {
            self.parent = None;
        }
        Some(removed)
    }

    pub(super) fn get(&self, link: LinkId) -> Option<Link> {
        self.links.get(&link).copied()
    }

    pub(super) fn peer(&self, link: LinkId) -> Option<ContextId> {
        self.get(link).map(|link| link.peer)
    }

    /// The link on the way to a context: a child's if one is known to lead there, else the parent's.
    pub(super) fn towards(&self, context: ContextId) -> Option<LinkId> {
        self.routes.get(&context).copied().or(self.parent)
    }

    pub(super) fn parent(&self) -> Option<LinkId> {
        self.parent
    }

    pub(super) fn len(&self) -> usize {
        self.links.len().max(self.routes.len())
    }
}
