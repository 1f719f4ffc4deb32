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
        let takes_bulk = matches!(handle, Handle::LOAD_MODULE | Handle::LOAD_RESOURCE);
        if header.flags.contains(Flags::BULK) && !takes_bulk {
            return Err(Violation::UnexpectedBulk { src, handle });
        }
        match handle {
            Handle::CALL_FUNCTION
            | Handle::LOAD_MODULE
            | Handle::LOAD_RESOURCE
            | Handle::SHUTDOWN => {
                let by_parent =
                    from.role == Role::Parent && self.config.parents.contains(&header.auth);
                by_parent
                    .then_some(())
                    .ok_or(Violation::NotAParent { src, handle })
            }
            Handle::GET_MODULE | Handle::GET_RESOURCE => {
                let by_child = from.role == Role::Child && from.peer == src;
                by_child
                    .then_some(())
                    .ok_or(Violation::NotAChild { src, handle })
            }
            Handle::FORWARD_LOG => (from.role == Role::Child)
                .then_some(())
                .ok_or(Violation::NotAChild { src, handle }),
            _ => Ok(()),
        }
    }
}
