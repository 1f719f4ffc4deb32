//! Which modules belong together, as those above have said: a child that asks for the one is told to ask for the others.

use proto::Digest;
use proto::message::{CompatibilityId, Content, ForwardModule};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Modules of which this is remembered. It is a hint: what is forgotten is asked for when it is needed.
const MODULES: usize = 256;

/// What is remembered of each.
const OTHERS: usize = 32;

/// The longest name that is remembered, in bytes.
const NAME: usize = 1 << 10;

#[derive(Default)]
pub(super) struct Related(Mutex<BTreeMap<Digest, Vec<Content>>>);

impl Related {
    pub(super) fn note(&self, forward: &ForwardModule) {
        let ForwardModule { content, with, .. } = forward;
        let Some(with) = *with else {
            return;
        };
        if let Content::Module {
            module,
            compatibility,
        } = content
            && module.name.len() + compatibility.0.len() > NAME
        {
            return;
        }
        let mut related = self.lock();
        let others = related.entry(with).or_default();
        if others.len() < OTHERS && !others.contains(content) {
            others.push(content.clone());
        }
        if related.len() > MODULES {
            let other = related.keys().copied().find(|module| *module != with);
            other.and_then(|other| related.remove(&other));
        }
    }

    /// What belongs to a module, for the same kind of machine code.
    pub(super) fn of(&self, module: Digest, wanted: &CompatibilityId) -> Vec<Content> {
        let fits = |content: &&Content| match content {
            Content::Module { compatibility, .. } => compatibility == wanted,
            Content::Resource(_) => true,
        };
        let related = self.lock();
        let others = related.get(&module);
        others.map_or_else(Vec::new, |others| {
            others.iter().filter(fits).cloned().collect()
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Digest, Vec<Content>>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
