//! Who below has sent something to whom elsewhere: whoever may await a reply from a context is told when it goes.
//! Only where contexts may talk to others that are neither above nor below them; else there is nothing to remember.

use crate::{ContextId, LinkId};
use std::collections::{BTreeMap, BTreeSet};

/// Contexts that are remembered for one link. Beyond that it is told of all that go.
const REMEMBERED: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Interest {
    links: BTreeMap<LinkId, Interested>,
}

#[derive(Debug)]
enum Interested {
    In(BTreeSet<ContextId>),
    /// It has sent to more than anybody remembers.
    InAll,
}

impl Interest {
    /// Somebody behind this link has sent something to that context.
    pub(super) fn note(&mut self, link: LinkId, context: ContextId) {
        let interested = self.links.entry(link);
        let interested = interested.or_insert_with(|| Interested::In(BTreeSet::new()));
        if let Interested::In(contexts) = interested {
            contexts.insert(context);
            if contexts.len() > REMEMBERED {
                *interested = Interested::InAll;
            }
        }
    }

    /// These contexts are gone: who has to be told of which?
    pub(super) fn take(
        &mut self,
        gone: &BTreeSet<ContextId>,
    ) -> Vec<(LinkId, BTreeSet<ContextId>)> {
        let mut told = Vec::new();
        for (link, interested) in &mut self.links {
            let about: BTreeSet<_> = match interested {
                Interested::InAll => gone.clone(),
                Interested::In(contexts) => gone
                    .iter()
                    .copied()
                    .filter(|context| contexts.remove(context))
                    .collect(),
            };
            if !about.is_empty() {
                told.push((*link, about));
            }
        }
        told
    }

    pub(super) fn forget(&mut self, link: LinkId) {
        self.links.remove(&link);
    }

    pub(super) fn len(&self) -> usize {
        self.links.len()
    }
}
