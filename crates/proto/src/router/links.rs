//! The links of a context, and which of them leads to which other context.

use super::Role;
use crate::{ContextId, LinkId};
use std::collections::{BTreeMap, BTreeSet};

/// One neighbour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) peer: ContextId,
    pub(super) role: Role,
    /// It has said that it leaves.
    pub(super) detached: bool,
    /// Contexts behind it, if it is a child's.
    routes: usize,
}

/// Where a context below is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) link: LinkId,
    /// Who started it.
    pub(super) parent: ContextId,
}

#[derive(Debug, Default)]
pub(super) struct Links {
    links: BTreeMap<LinkId, Link>,
    routes: BTreeMap<ContextId, Route>,
    /// The same from the other end: a context and one that it has started. A child that lets contexts come and go must
    /// not make us look at all of them each time.
    started: BTreeSet<(ContextId, ContextId)>,
    parent: Option<LinkId>,
}

impl Links {
    pub(super) fn add(&mut self, link: LinkId, peer: ContextId, role: Role) {
        let neighbour = Link {
            peer,
            role,
            detached: false,
            routes: 0,
        };
        self.links.insert(link, neighbour);
        if role == Role::Parent {
            self.parent = Some(link);
        }
    }

    /// A context is behind this link.
    pub(super) fn add_route(&mut self, context: ContextId, link: LinkId, parent: ContextId) {
        self.routes.insert(context, Route { link, parent });
        self.started.insert((parent, context));
        if let Some(link) = self.links.get_mut(&link) {
            link.routes += 1;
        }
    }

    /// Forgets contexts behind a link, and all below them. Gives those that were there.
    pub(super) fn remove_routes(
        &mut self,
        link: LinkId,
        contexts: &[ContextId],
    ) -> BTreeSet<ContextId> {
        let behind = |context: &ContextId| {
            self.routes
                .get(context)
                .is_some_and(|route| route.link == link)
        };
        let mut going: Vec<_> = contexts.iter().copied().filter(behind).collect();
        let mut gone = BTreeSet::new();
        // Whoever goes takes along what is below it, whether or not it was named.
        while let Some(context) = going.pop() {
            let Some(route) = self.routes.remove(&context) else {
                continue;
            };
            gone.insert(context);
            self.started.remove(&(route.parent, context));
            let below = (context, ContextId::MASTER)..=(context, ContextId::UNASSIGNED);
            going.extend(self.started.range(below).map(|(_, child)| *child));
        }
        if let Some(link) = self.links.get_mut(&link) {
            link.routes -= gone.len();
        }
        gone
    }

    /// A link is gone, and with it what is behind it.
    pub(super) fn remove(&mut self, link: LinkId) -> Option<(Link, BTreeSet<ContextId>)> {
        let removed = self.links.remove(&link)?;
        let mut behind = BTreeSet::new();
        let Self {
            routes, started, ..
        } = self;
        routes.retain(|context, route| {
            let stays = route.link != link;
            if !stays {
                behind.insert(*context);
                started.remove(&(route.parent, *context));
            }
            stays
        });
        if self.parent == Some(link) {
            self.parent = None;
        }
        Some((removed, behind))
    }

    pub(super) fn get(&self, link: LinkId) -> Option<Link> {
        self.links.get(&link).copied()
    }

    pub(super) fn peer(&self, link: LinkId) -> Option<ContextId> {
        self.get(link).map(|link| link.peer)
    }

    /// Notes that a neighbour leaves. False if that was known.
    pub(super) fn detach(&mut self, link: LinkId) -> bool {
        let link = self.links.get_mut(&link);
        link.is_some_and(|link| !std::mem::replace(&mut link.detached, true))
    }

    /// Where a context below is.
    pub(super) fn route(&self, context: ContextId) -> Option<Route> {
        self.routes.get(&context).copied()
    }

    /// The contexts below.
    pub(super) fn routes(&self) -> impl Iterator<Item = (ContextId, Route)> {
        self.routes
            .iter()
            .map(|(context, route)| (*context, *route))
    }

    /// Is a context on the way to another one behind this link, or that one itself? None if the other is not there.
    pub(super) fn is_between(
        &self,
        link: LinkId,
        context: ContextId,
        other: ContextId,
    ) -> Option<bool> {
        self.route(other).filter(|route| route.link == link)?;
        let parent = |it: &ContextId| self.routes.get(it).map(|route| route.parent);
        let mut hops = std::iter::successors(Some(other), parent);
        Some(hops.any(|hop| hop == context))
    }

    /// How many contexts are behind a link.
    pub(super) fn behind(&self, link: LinkId) -> usize {
        self.get(link).map_or(0, |link| link.routes)
    }

    /// The link on the way to a context: a child's if one is known to lead there, else the parent's.
    pub(super) fn towards(&self, context: ContextId) -> Option<LinkId> {
        self.route(context).map(|route| route.link).or(self.parent)
    }

    pub(super) fn parent(&self) -> Option<LinkId> {
        self.parent
    }

    pub(super) fn len(&self) -> usize {
        self.links.len()
    }
}
