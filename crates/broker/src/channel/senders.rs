//! The senders that a receiver has let in, and how many there may be.

use super::inbox::{Key, all_of};
use proto::flow::Window;
use proto::{ContextId, LinkId};
use std::collections::BTreeMap;

/// Senders that one context may have to the same receiver at once.
const OF_ONE: usize = 16;

/// Senders of all contexts behind one link: one hostile child does not shut others out, whomever it lets come.
const OF_LINK: usize = 2048;

/// Senders of all contexts together.
const OF_ALL: usize = 4096;

#[derive(Debug)]
pub(super) struct Source {
    pub(super) window: Window,
    /// Things of it that wait to be taken.
    pub(super) waiting: usize,
    /// Nothing more will come, or what comes is not taken.
    pub(super) ended: bool,
    /// The way by which it came.
    via: Option<LinkId>,
}

#[derive(Debug, Default)]
pub(super) struct Senders {
    all: BTreeMap<Key, Source>,
    of_links: BTreeMap<Option<LinkId>, usize>,
}

impl Senders {
    /// May a context that is behind this link have one more?
    pub(super) fn has_place(&self, context: ContextId, via: Option<LinkId>) -> bool {
        let of_one = self.all.range(all_of(context)).count();
        let of_link = self.of_links.get(&via).copied().unwrap_or_default();
        of_one < OF_ONE && of_link < OF_LINK && self.all.len() < OF_ALL
    }

    /// Lets one in that is not known.
    pub(super) fn add(&mut self, key: Key, via: Option<LinkId>, window: Window) -> &mut Source {
        self.all.entry(key).or_insert_with(|| {
            *self.of_links.entry(via).or_default() += 1;
            Source {
                window,
                waiting: 0,
                ended: false,
                via,
            }
        })
    }

    pub(super) fn remove(&mut self, key: Key) {
        if let Some(source) = self.all.remove(&key)
            && let Some(of_link) = self.of_links.get_mut(&source.via)
        {
            *of_link -= 1;
            if *of_link == 0 {
                self.of_links.remove(&source.via);
            }
        }
    }

    pub(super) fn contains(&self, key: Key) -> bool {
        self.all.contains_key(&key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Source> {
        self.all.get_mut(&key)
    }

    /// Those that have not ended.
    pub(super) fn live(&self) -> impl Iterator<Item = Key> {
        let live = self.all.iter().filter(|(_, source)| !source.ended);
        live.map(|(key, _)| *key)
    }

    /// The same, to be ended.
    pub(super) fn live_mut(&mut self) -> impl Iterator<Item = (Key, &mut Source)> {
        let live = self.all.iter_mut().filter(|(_, source)| !source.ended);
        live.map(|(key, source)| (*key, source))
    }
}
