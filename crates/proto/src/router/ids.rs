//! Which ids belong to which side of the tree. Each context gets blocks of ids from its parent, for its children and
//! for what is below them, so that every hop knows which ids a child may use, and no context can take another's.

use crate::message::IdBlock;
use crate::{ContextId, LinkId};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

/// Ids that are given at once.
pub(super) const BLOCK: u32 = 1000;

#[derive(Debug, Default)]
pub(super) struct Ids {
    /// What this context may give.
    own: VecDeque<Range<u32>>,
    /// What was given to contexts below, by the first id of each block.
    given: BTreeMap<u32, (u32, LinkId)>,
    /// How many blocks each link was promised.
    promised: BTreeMap<LinkId, usize>,
}

impl Ids {
    /// The master has all there are but its own and the one that stands for none.
    pub(super) fn all() -> Self {
        let mut ids = Self::default();
        ids.own
            .push_back(ContextId::MASTER.0 + 1..ContextId::UNASSIGNED.0);
        ids
    }

    /// An id for a child.
    pub(super) fn take(&mut self) -> Option<ContextId> {
        let first = self.own.front_mut()?;
        let id = first.next();
        if first.start >= first.end {
            self.own.pop_front();
        }
        id.map(ContextId)
    }

    /// A block for somebody below.
    pub(super) fn take_block(&mut self) -> Option<IdBlock> {
        let first = self.own.front_mut()?;
        let count = BLOCK.min(first.end - first.start);
        let block = IdBlock {
            first: ContextId(first.start),
            count,
        };
        first.start += count;
        if first.start >= first.end {
            self.own.pop_front();
        }
        Some(block)
    }

    /// A block came for this context itself. False if it is none.
    pub(super) fn add(&mut self, block: IdBlock) -> bool {
        let range = range(block);
        if let Some(range) = &range {
            self.own.push_back(range.clone());
        }
        range.is_some()
    }

    /// Promises a block to whoever is behind a link, if it has not had `max` of them.
    pub(super) fn promise(&mut self, link: LinkId, max: usize) -> bool {
        let promised = self.promised.entry(link).or_default();
        let allowed = *promised < max;
        *promised += usize::from(allowed);
        allowed
    }

    /// Contexts behind this link may have these ids. False if it is no block.
    pub(super) fn give(&mut self, link: LinkId, block: IdBlock) -> bool {
        let range = range(block);
        if let Some(range) = &range {
            self.given.insert(range.start, (range.end, link));
        }
        range.is_some()
    }

    /// May a context behind this link have this id?
    pub(super) fn belongs(&self, context: ContextId, link: LinkId) -> bool {
        let block = self.given.range(..=context.0).next_back();
        block.is_some_and(|(_, (end, owner))| context.0 < *end && *owner == link)
    }

    /// A link is gone. Its ids are not given again: somebody may still speak of them.
    pub(super) fn forget(&mut self, link: LinkId) {
        self.given.retain(|_, (_, owner)| *owner != link);
        self.promised.remove(&link);
    }

    pub(super) fn len(&self) -> usize {
        self.given.len()
    }
}

/// The ids of a block, if there are any, and none of them is special: the last one of all is behind every end.
fn range(block: IdBlock) -> Option<Range<u32>> {
    let (first, count) = (block.first.0, block.count);
    let end = first.checked_add(count)?;
    (first > ContextId::MASTER.0 && count > 0).then_some(first..end)
}
