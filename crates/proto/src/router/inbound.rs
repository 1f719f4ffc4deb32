//! What others await from this context: calls, and whatever else takes time and has one answer.

use crate::{CallId, ContextId, Handle, LinkId};
use std::collections::{BTreeMap, BTreeSet};

/// Who waits for the end of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    pub(super) context: ContextId,
    pub(super) reply_to: Handle,
    /// What was asked for.
    handle: Handle,
    link: LinkId,
}

/// The calls that this context executes.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    calls: BTreeMap<CallId, Caller>,
    by_caller: BTreeMap<(ContextId, Handle), CallId>,
    last: u64,
    /// Of these, functions of guests.
    functions: usize,
    /// The others, by the link that they came from.
    others: BTreeMap<LinkId, usize>,
}

impl Inbound {
    /// None if the caller already awaits another call's outcome at that handle.
    pub(super) fn open(
        &mut self,
        context: ContextId,
        reply_to: Handle,
        handle: Handle,
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
            handle,
            link,
        };
        self.calls.insert(call, caller);
        if reply_to != Handle::NONE {
            self.by_caller.insert(key, call);
        }
        if handle == Handle::CALL_FUNCTION {
            self.functions += 1;
        } else {
            *self.others.entry(link).or_default() += 1;
        }
        Some(call)
    }

    pub(super) fn close(&mut self, call: CallId) -> Option<Caller> {
        let caller = self.calls.remove(&call)?;
        if caller.reply_to != Handle::NONE {
            self.by_caller.remove(&(caller.context, caller.reply_to));
        }
        if caller.handle == Handle::CALL_FUNCTION {
            self.functions -= 1;
        } else if let Some(others) = self.others.get_mut(&caller.link) {
            *others -= 1;
            if *others == 0 {
                self.others.remove(&caller.link);
            }
        }
        Some(caller)
    }

    /// The call whose outcome this caller awaits at this handle.
    pub(super) fn cancel(&mut self, context: ContextId, reply_to: Handle) -> Option<CallId> {
        let call = self.by_caller.get(&(context, reply_to)).copied()?;
        self.close(call);
        Some(call)
    }

    /// Closes all that came over this link.
    pub(super) fn lost_with(&mut self, link: LinkId) -> Vec<CallId> {
        self.lost(|caller| caller.link == link)
    }

    /// Closes all that these contexts wait for.
    pub(super) fn lost_from(&mut self, contexts: &BTreeSet<ContextId>) -> Vec<CallId> {
        self.lost(|caller| contexts.contains(&caller.context))
    }

    fn lost(&mut self, is_lost: impl Fn(&Caller) -> bool) -> Vec<CallId> {
        let lost = self.calls.iter().filter(|(_, caller)| is_lost(caller));
        let lost: Vec<_> = lost.map(|(call, _)| *call).collect();
        for call in &lost {
            self.close(*call);
        }
        lost
    }

    /// Functions under way.
    pub(super) fn functions(&self) -> usize {
        self.functions
    }

    /// All else that came over a link.
    pub(super) fn others_from(&self, link: LinkId) -> usize {
        self.others.get(&link).copied().unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.calls.len().max(self.by_caller.len())
    }
}
