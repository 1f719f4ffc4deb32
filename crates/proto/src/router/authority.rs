//! Who may send what: the rules that every frame passes before anything else looks at it.

use super::links::Link;
use super::{Role, Router};
use crate::{ContextId, Flags, Handle, Header, LinkId};

/// A rule that a peer broke.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Violation {
    /// The frame's `src` does not live behind the link from which it came.
    #[error("a frame claims to come from context {0}, which is elsewhere")]
    SpoofedSource(ContextId),
    /// The frame's `auth` does not live behind the link from which it came.
    #[error("a frame claims the authority of context {0}, which is elsewhere")]
    SpoofedAuthority(ContextId),
    /// Only a parent may send there.
    #[error("context {src} sent to {handle:?}, which takes messages from parents only")]
    NotAParent {
        /// Who sent it.
        src: ContextId,
        /// Where to.
        handle: Handle,
    },
    /// Only a child may send there.
    #[error("context {src} sent to {handle:?}, which takes messages from children only")]
    NotAChild {
        /// Who sent it.
        src: ContextId,
        /// Where to.
        handle: Handle,
    },
    /// Siblings do not talk to each other: a frame goes towards the master or away from it.
    #[error("context {src} sent to context {dst}, which is not its parent")]
    Sideways {
        /// Who sent it.
        src: ContextId,
        /// Where to.
        dst: ContextId,
    },
    /// A context below announces an id that was not given to its side of the tree, or is taken.
    #[error("context {src} announces context {context}, whose id it may not give")]
    ForeignId {
        /// Who said so.
        src: ContextId,
        /// The id.
        context: ContextId,
    },
    /// A context below announces one whose parent is not there.
    #[error("context {src} announces context {context} below one that it has not announced")]
    NoParent {
        /// Who said so.
        src: ContextId,
        /// The context.
        context: ContextId,
    },
    /// More contexts are behind a link than may be.
    #[error("context {src} announces more contexts than it may")]
    TooManyRoutes {
        /// Who said so.
        src: ContextId,
    },
    /// A message of the router's own that cannot be read.
    #[error("context {src} sent to {handle:?} what cannot be read")]
    Malformed {
        /// Who sent it.
        src: ContextId,
        /// Where to.
        handle: Handle,
    },
    /// A receiver does not take messages from this context.
    #[error("context {src} sent to a receiver that takes nothing from it")]
    NotAccepted {
        /// Who sent it.
        src: ContextId,
    },
    /// Raw bytes for a handle that takes messages.
    #[error("context {src} sent raw bytes to {handle:?}, which takes none")]
    UnexpectedBulk {
        /// Who sent it.
        src: ContextId,
        /// Where to.
        handle: Handle,
    },
    /// A reply from somebody who was not asked.
    #[error("context {src} replied to a request that was not sent to it")]
    UnexpectedReply {
        /// Who sent it.
        src: ContextId,
    },
}

impl Router {
    /// The reverse-path check: would a frame back to `src` and to `auth` take the link it came from?
    pub(super) fn check_path(&self, link: LinkId, header: &Header) -> Result<(), Violation> {
        let leads_back = |context: ContextId| {
            context != self.config.me && self.links.towards(context) == Some(link)
        };
        if !leads_back(header.src) {
            return Err(Violation::SpoofedSource(header.src));
        }
        if !leads_back(header.auth) {
            return Err(Violation::SpoofedAuthority(header.auth));
        }
        Ok(())
    }

    /// The policy of each well-known handle, for a frame that has passed [`check_path`](Self::check_path).
    pub(super) fn check_handle(&self, from: Link, header: &Header) -> Result<(), Violation> {
        let (src, handle) = (header.src, header.handle);
        if header.flags.contains(Flags::BULK) && !handle.is_dynamic() {
            return Err(Violation::UnexpectedBulk { src, handle });
        }
        let above = self.is_above(from, header);
        let neighbour = from.peer == src;
        let below = from.role == Role::Child;
        let (allowed, violation) = match handle {
            Handle::CALL_FUNCTION
            | Handle::LOAD_MODULE
            | Handle::LOAD_RESOURCE
            | Handle::FORWARD_MODULE
            | Handle::LAUNCH
            | Handle::END_CHAIN
            | Handle::INSPECT
            | Handle::SHUTDOWN => (above, Violation::NotAParent { src, handle }),
            Handle::GET_MODULE | Handle::GET_RESOURCE | Handle::ADD_ROUTE | Handle::ALLOCATE_ID => {
                (below && neighbour, Violation::NotAChild { src, handle })
            }
            // From below, a neighbour speaks of itself or of what is behind it; from above, of what is elsewhere.
            Handle::DEL_ROUTE => (neighbour, Violation::NotAChild { src, handle }),
            Handle::DETACHING => (
                above || (below && neighbour),
                Violation::NotAParent { src, handle },
            ),
            Handle::FORWARD_LOG => (below, Violation::NotAChild { src, handle }),
            _ => return Ok(()),
        };
        if allowed { Ok(()) } else { Err(violation) }
    }

    /// May this context say that another one, to which something went over this link, is dead? Those on the way may, and
    /// that one itself. The way up is known, and the way to what is below. Of what is elsewhere, or was asked there before
    /// it was known to be below, only the way up to where it turns is: whoever is behind that tells those above, by
    /// DEL_ROUTE, and these tell us.
    pub(super) fn may_mourn(&self, link: LinkId, context: ContextId, other: ContextId) -> bool {
        let parents = &self.config.parents;
        match parents.iter().position(|it| *it == other) {
            Some(last) => parents[..=last].contains(&context),
            None => {
                let is_between = self.links.is_between(link, context, other);
                is_between.unwrap_or_else(|| context == other || parents.contains(&context))
            }
        }
    }

    /// Was it sent on the authority of a context above, from whose side it came?
    pub(super) fn is_above(&self, from: Link, header: &Header) -> bool {
        from.role == Role::Parent && self.config.parents.contains(&header.auth)
    }
}
