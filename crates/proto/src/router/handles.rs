//! The handles that were made on demand: one for each reply that this context awaits, for each of its receivers, and
//! for each of its senders.

use super::Accept;
use crate::message::Address;
use crate::{ContextId, Handle, LinkId, RequestId};
use std::collections::BTreeMap;

/// What is at a handle.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry {
    /// A reply is awaited.
    Reply(Pending),
    /// A receiver takes messages from these.
    Receiver(Accept),
    /// A sender hears here when it may send no more.
    Sender(Outlet),
}

/// A request of ours that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) asker: Asker,
    pub(super) respondent: ContextId,
    pub(super) asked: Handle,
    /// The way by which it went, and by which every reply must come.
    pub(super) link: LinkId,
}

/// For whom a reply is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asker {
    /// The shell.
    Shell(RequestId),
    /// The router, which needs ids for its own children.
    Ids,
    /// The router, on behalf of somebody below that needs ids.
    IdsFor(Applicant),
    /// The router, which leaves the tree.
    Leave,
}

/// Who has asked for ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Applicant {
    pub(super) link: LinkId,
    pub(super) context: ContextId,
    pub(super) reply_to: Handle,
}

/// Where a sender sends to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlet {
    pub(super) to: Address,
    pub(super) link: LinkId,
}

impl Entry {
    /// The link over which it depends on another context, and that context.
    fn depends_on(&self) -> Option<(LinkId, ContextId)> {
        match self {
            Self::Reply(pending) => Some((pending.link, pending.respondent)),
            Self::Sender(outlet) => Some((outlet.link, outlet.to.context)),
            // Its owner knows who has sent to it.
            Self::Receiver(_) => None,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Handles {
    entries: BTreeMap<Handle, Entry>,
    by_request: BTreeMap<RequestId, Handle>,
    last: u32,
}

impl Handles {
    /// Makes a handle. They come round after four thousand million; one that is in use is passed over.
    pub(super) fn open(&mut self, entry: Entry) -> Handle {
        let span = u32::MAX - Handle::FIRST_DYNAMIC.0;
        let handle = loop {
            let handle = Handle(Handle::FIRST_DYNAMIC.0 + self.last);
            self.last = (self.last + 1) % span;
            if !self.entries.contains_key(&handle) {
                break handle;
            }
        };
        if let Entry::Reply(Pending {
            asker: Asker::Shell(request),
            ..
        }) = entry
        {
            self.by_request.insert(request, handle);
        }
        self.entries.insert(handle, entry);
        handle
    }

    pub(super) fn get(&self, handle: Handle) -> Option<&Entry> {
        self.entries.get(&handle)
    }

    pub(super) fn close(&mut self, handle: Handle) -> Option<Entry> {
        let entry = self.entries.remove(&handle)?;
        if let Entry::Reply(Pending {
            asker: Asker::Shell(request),
            ..
        }) = entry
        {
            self.by_request.remove(&request);
        }
        Some(entry)
    }

    /// Closes the handle of a request, if the reply has not come.
    pub(super) fn abandon(&mut self, request: RequestId) -> Option<(Handle, Pending)> {
        let handle = *self.by_request.get(&request)?;
        match self.close(handle)? {
            Entry::Reply(pending) => Some((handle, pending)),
            Entry::Receiver(_) | Entry::Sender(_) => None,
        }
    }

    /// Closes all that depend on a context to which this applies, in the order in which they were made.
    pub(super) fn lost(
        &mut self,
        is_lost: impl Fn(LinkId, ContextId) -> bool,
    ) -> Vec<(Handle, Entry)> {
        let depends = |entry: &Entry| {
            entry
                .depends_on()
                .is_some_and(|(link, context)| is_lost(link, context))
        };
        let lost = self.entries.iter().filter(|(_, entry)| depends(entry));
        let lost: Vec<_> = lost.map(|(handle, entry)| (*handle, *entry)).collect();
        for (handle, _) in &lost {
            self.close(*handle);
        }
        lost
    }

    /// Replies that are awaited, and channels.
    pub(super) fn len(&self) -> (usize, usize) {
        let replies = self
            .entries
            .values()
            .filter(|entry| matches!(entry, Entry::Reply(_)))
            .count();
        // The larger of two, so that whatever stays behind in one of them shows.
        (
            replies.max(self.by_request.len()),
            self.entries.len() - replies,
        )
    }
}
