//! Trees of contexts in one process, joined by sockets, with ids that come the way they do in earnest.

use super::support::{Context, Guest, MASTER, join, until};
use crate::{Broker, Link, Settings};
use proto::ContextId;
use proto::message::{Call, Outcome};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// Contexts by their ids. The master is there from the beginning.
pub(super) struct Tree {
    contexts: BTreeMap<ContextId, Context>,
    /// Of each context: its parent, its parent's parent, up to the master.
    parents: BTreeMap<ContextId, Vec<ContextId>>,
    /// The link to the parent: the parent's end and the child's.
    links: BTreeMap<ContextId, (Link, Link)>,
    siblings: bool,
}

impl Tree {
    pub(super) fn new(siblings: bool) -> Self {
        Self::with(siblings, |_| {})
    }

    pub(super) fn with(siblings: bool, change: impl FnOnce(&mut Settings)) -> Self {
        let master = Context::with(MASTER, |settings| {
            settings.router.siblings = siblings;
            change(settings);
        });
        Self {
            contexts: BTreeMap::from([(MASTER, master)]),
            parents: BTreeMap::from([(MASTER, Vec::new())]),
            links: BTreeMap::new(),
            siblings,
        }
    }

    /// A master and so many contexts, each below the one before it. Gives their ids, from the top.
    pub(super) async fn line(siblings: bool, depth: usize) -> (Self, Vec<ContextId>) {
        let mut tree = Self::new(siblings);
        let mut ids = vec![MASTER];
        for _ in 0..depth {
            let parent = *ids.last().unwrap();
            ids.push(tree.add(parent).await);
        }
        (tree, ids)
    }

    /// Starts a context below another, and waits until the master knows it.
    pub(super) async fn add(&mut self, parent: ContextId) -> ContextId {
        self.add_with(parent, |_| {}).await
    }

    pub(super) async fn add_with(
        &mut self,
        parent: ContextId,
        change: impl FnOnce(&mut Settings),
    ) -> ContextId {
        let me = self.broker(parent).allocate().await.expect("there are ids");
        let mut parents = vec![parent];
        parents.extend(&self.parents[&parent]);
        let context = Context::with(me, |settings| {
            settings.router.parents = parents.clone();
            settings.router.siblings = self.siblings;
            change(settings);
        });
        let links = join(&self.contexts[&parent], &context);
        self.links.insert(me, links);
        self.parents.insert(me, parents);
        self.contexts.insert(me, context);
        until(|| self.broker(MASTER).is_below(me)).await;
        me
    }

    pub(super) fn broker(&self, context: ContextId) -> &Broker {
        &self.contexts[&context].broker
    }

    /// Calls from the master, with one byte of arguments.
    pub(super) async fn call(&self, to: ContextId, call: Call) -> Outcome {
        self.broker(MASTER).call(to, &call, &[1]).await
    }

    /// What executes calls there.
    pub(super) fn guest(&self, context: ContextId) -> &Guest {
        &self.contexts[&context].guest
    }

    /// Calls whose future exists there.
    pub(super) fn alive(&self, context: ContextId) -> usize {
        self.contexts[&context].guest.alive.load(Ordering::SeqCst)
    }

    /// Calls that were ever begun there.
    pub(super) fn begun(&self, context: ContextId) -> usize {
        self.contexts[&context].guest.begun.load(Ordering::SeqCst)
    }

    /// A context that was started by this one.
    pub(super) fn child(&self, parent: ContextId) -> Option<ContextId> {
        let mut all = self.parents.iter();
        let child = all.find(|(_, parents)| parents.first() == Some(&parent));
        child.map(|(child, _)| *child)
    }

    pub(super) fn is_below(&self, context: ContextId, above: ContextId) -> bool {
        self.parents[&context].contains(&above)
    }

    /// Closes the link above a context, from the parent's side.
    pub(super) fn cut(&self, child: ContextId) {
        let parent = self.parents[&child][0];
        self.broker(parent).close(self.links[&child].0.id);
    }

    /// What waits in a context to be written to a neighbour.
    pub(super) fn queued(&self, at: ContextId, peer: ContextId) -> u64 {
        let inspection = self.broker(at).inspect();
        let link = inspection.links.iter().find(|link| link.peer == peer);
        link.map_or(0, |link| link.queued)
    }

    /// Waits until nothing is under way anywhere, and nobody remembers anything of it.
    pub(super) async fn idle(&self) {
        for context in self.contexts.values() {
            until(|| is_idle(context)).await;
        }
    }
}

fn is_idle(context: &Context) -> bool {
    let core = context.broker.lock();
    let load = core.router.load();
    let router = [load.requests, load.channels, load.functions, load.services];
    let mine = [
        core.replies.len(),
        core.calls.len(),
        core.ids.len(),
        core.inboxes.len(),
        core.outboxes.len(),
        core.chains.len(),
        context.guest.alive.load(Ordering::SeqCst),
    ];
    let queued: usize = core.ports.values().map(|port| port.queue.cost()).sum();
    router == [0; 4] && mine == [0; 7] && queued == 0
}
