//! What this context awaits from others, and what others await from it.

use crate::{CallId, ContextId, Handle, LinkId, RequestId};
use std::collections::BTreeMap;

/// A request of ours that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) request: RequestId,
    pub(super) respondent: ContextId,
    pub(super) asked: Handle,
    /// The way by which it went, and by which every reply must come.
    pub(super) link: LinkId,
}

/// Our requests by the handle at which the reply will come.
#[derive(Debug, Default)]
pub(super) struct Requests {
    by_handle: BTreeMap<Handle, Pending>,
    by_request: BTreeMap<RequestId, Handle>,
    last: u32,
}

impl Requests {
    /// Makes a handle for the reply. Handles come round after four thousand million; one that is in use is passed over.
    pub(super) fn open(
        &mut self,
        request: RequestId,
        respondent: ContextId,
        asked: Handle,
        link: LinkId,
    ) -> Handle {
        let span = u32::MAX - Handle::FIRST_DYNAMIC.0;
        let handle = loop {
            let handle = Handle(Handle::FIRST_DYNAMIC.0 + self.last);
            self.last = (self.last + 1) % span;
            if !self.by_handle.contains_key(&handle) {
                break handle;
            }
        };
        let pending = Pending {
            request,
            respondent,
            asked,
            link,
        };
        self.by_handle.insert(handle, pending);
        self.by_request.insert(request, handle);
        handle
    }

    pub(super) fn get(&self, handle: Handle) -> Option<&Pending> {
        self.by_handle.get(&handle)
    }

    pub(super) fn close(&mut self, handle: Handle) {
        if let Some(pending) = self.by_handle.remove(&handle) {
            self.by_request.remove(&pending.request);
        }
    }

    pub(super) fn abandon(&mut self, request: RequestId) -> Option<(Handle, Pending)> {
        let handle = self.by_request.remove(&request)?;
        let pending = self.by_handle.remove(&handle)?;
        Some((handle, pending))
    }

    /// Closes all that went over this link, in the order in which they were made.
    pub(super) fn lost_with(&mut self, link: LinkId) -> Vec<RequestId> {
        let lost: Vec<_> = self
            .by_handle
            .iter()
            .filter(|(_, pending)| pending.link == link)
            .map(|(handle, pending)| (pending.request, *handle))
            .collect();
        for (_, handle) in &lost {
            self.close(*handle);
        }
        lost.into_iter().map(|(request, _)| request).collect()
    }

    /// The larger of the two maps, so that whatever stays behind in one of them shows.
    pub(super) fn len(&self) -> usize {
        self.by_handle.len().max(self.by_request.len())
    }
}

/// A call that this context executes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) context: ContextId,
    pub(super) reply_to: Handle,
    link: LinkId,
}

/// The calls that this context executes.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    calls: BTreeMap<CallId, Caller>,
    by_caller: BTreeMap<(ContextId, Handle), CallId>,
    last: u64,
}

impl Inbound {
    /// None if the caller already awaits another call's outcome at that handle.
    pub(super) fn open(
        &mut self,
        context: ContextId,
        reply_to: Handle,
        link: LinkId,
    ) -> Option<CallId> {
        let key = (context, reply_to);
        // A call without a reply has no handle that could be in use.
        if reply_to != Handle::NONE && self.by_caller.contains_key(&key) {
            return None;
        }
        self.last += 1;
        let call = CallId(self.last);
        let caller = Caller {
            context,
            reply_to,
            link,
        };
        self.calls.insert(call, caller);
        if reply_to != Handle::NONE {
            self.by_caller.insert(key, call);
        }
        Some(call)
    }

    pub(super) fn close(&mut self, call: CallId) -> Option<Caller> {
        let caller = self.calls.remove(&call)?;
        self.by_caller.remove(&(caller.context, caller.reply_to));
        Some(caller)
    }

    /// The call whose outcome this caller awaits at this handle.
    pub(super) fn cancel(&mut self, context: ContextId, reply_to: Handle) -> Option<CallId> {
        let call = self.by_caller.get(&(context, reply_to)).copied()?;
        self.close(call);
        Some(call)
    }

    pub(super) fn lost_with(&mut self, link: LinkId) -> Vec<CallId> {
        let lost: Vec<_> = self
            .calls
            .iter()
            .filter(|(_, caller)| caller.link == link)
            .map(|(call, _)| *call)
            .collect();
        for call in &lost {
            self.close(*call);
        }
        lost
    }

    pub(super) fn len(&self) -> usize {
        self.calls.len().max(self.by_caller.len())
    }
}
