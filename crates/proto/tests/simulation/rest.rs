//! What is left when nothing is on its way any more.

use crate::node::Node;
use crate::world::World;
use proto::ContextId;
use proto::router::Load;
use std::collections::BTreeSet;

impl World {
    /// The routes of all contexts together are the tree, and nobody holds anything that is over.
    pub fn assert_rest(&self) {
        for node in &self.nodes {
            if node.alive {
                self.assert_routes(node);
            }
            self.assert_load(node);
            assert!(node.model.has_told_all(), "{:?} keeps a word", node.id);
            let up = node.links.values().any(|(_, side)| *side == 1);
            let expected = node.alive && node.id != ContextId::MASTER;
            assert_eq!(up, expected, "{:?} lives without a parent", node.id);
        }
        for wire in &self.wires {
            for (way, end) in wire.ways.iter().zip(&wire.ends) {
                let whole = !end.open || way.silent || way.waiting == [0, 0];
                assert!(whole, "{:?} wait for ever", way.waiting);
            }
        }
    }

    /// A router knows whom there is below it, and who started each. Those that are hostile may say of themselves, and
    /// of what is behind them, what they like.
    fn assert_routes(&self, node: &Node) {
        let tree = &self.check.tree;
        let known: BTreeSet<_> = node.router.routes().collect();
        let told: BTreeSet<_> = node.model.routes().collect();
        assert_eq!(known, told, "{:?} was told otherwise", node.id);
        let children = |of: &Node, to: ContextId| {
            let leads = |it: ContextId| tree.is_at_or_below(to, it);
            let mut links = of.links.iter().filter(|(_, (_, side))| *side == 0);
            let peer = |wire: usize| self.nodes[self.wires[wire].ends[1].node].id;
            let link = links.find(|(_, (wire, _))| leads(peer(*wire)));
            *link.expect("there is a link to whoever is below").0
        };
        let real: BTreeSet<_> = self
            .nodes
            .iter()
            .filter(|it| it.alive && tree.is_above(node.id, it.id) && !tree.is_tainted(it.id))
            .map(|it| (it.id, it.parents[0], children(node, it.id)))
            .collect();
        if !tree.is_tainted(node.id) {
            let is_real = |it: ContextId| tree.parent(it).is_some() && !tree.is_tainted(it);
            let clean = known.iter().filter(|(it, ..)| is_real(*it)).copied();
            assert_eq!(clean.collect::<BTreeSet<_>>(), real, "below {:?}", node.id);
            let behind_hostile = |parent: ContextId| {
                let known_parent = tree.parent(parent).is_some();
                !known_parent || tree.is_tainted(parent)
            };
            for (it, parent, _) in &known {
                let believed = is_real(*it) || tree.hostile.contains(it) || behind_hostile(*parent);
                assert!(
                    believed,
                    "{:?} believes in {it:?} below {parent:?}",
                    node.id
                );
            }
        }
    }

    fn assert_load(&self, node: &Node) {
        assert!(node.executing.is_empty());
        let load = node.router.load();
        let links = node.links.len();
        let expected = Load {
            links,
            routes: node.router.routes().count(),
            // A set for each link, and each block that went over it.
            notes: load.notes.min(links * (1 + crate::node::QUOTAS.blocks)),
            ..Load::default()
        };
        assert_eq!(load, expected, "left over in {:?}", node.id);
    }
}
