//! What contexts do, and what is done to them: chosen at random, act by act.

use crate::acts::{NOBODY, ask, call, close, impostor, post, service};
use crate::network::LONGEST;
use crate::node::{FEW_ROUTES, Node};
use crate::world::{Event, LAST_ACT, World};
use crate::{harm, hostile};
use proto::router::{Accept, Input};
use proto::{ContextId, Handle};
use std::time::Duration;

const MASTER: ContextId = ContextId::MASTER;
/// How far below the master contexts may be.
const DEPTH: usize = 6;

pub struct Scenario {
    /// The nodes that do not keep to the protocol.
    hostile: Vec<usize>,
    /// Do links break, and contexts end?
    harm: bool,
    /// How many contexts there may be at most.
    contexts: usize,
    /// How far below the master they may be.
    depth: usize,
    /// How many of a hundred are started by the one that came last.
    deep: usize,
    /// Are there streams that are longer than what their receivers let come at once?
    long: bool,
}

impl Scenario {
    /// Begins a tree and plans when something is to happen in it.
    pub fn begin(world: &mut World) -> Self {
        world.check.tree.siblings = world.rng.percent(50);
        if world.check.tree.siblings {
            world.check.seen.note("with siblings");
        }
        // In some trees nobody but the master has children, and few contexts may be behind each of them.
        let flat = world.rng.percent(10);
        let siblings = world.check.tree.siblings;
        let master = Node::new(MASTER, Vec::new(), siblings, flat);
        world.nodes.push(master);
        let depth = if flat { 1 } else { DEPTH };
        let mut scenario = Self {
            depth,
            hostile: Vec::new(),
            harm: world.rng.percent(60),
            contexts: *world.rng.pick(&[4, 6, 8, 12, 25]),
            deep: *world.rng.pick(&[20, 40, 90, 95]),
            long: world.rng.percent(10),
        };
        for _ in 0..1 + world.rng.below(2) {
            scenario.join(world);
        }
        let hostile = if world.rng.percent(40) {
            1 + world.rng.below(2)
        } else {
            0
        };
        for _ in 0..hostile {
            let at = Duration::from_millis(world.rng.below(2000) as u64);
            world.at(at, Event::Act);
            scenario.hostile.push(usize::MAX);
        }
        for _ in 0..2 * scenario.contexts {
            world.within(LAST_ACT.as_millis() as usize / 2, Event::Act);
        }
        for _ in 0..10 + world.rng.below(30) {
            world.within(LAST_ACT.as_millis() as usize, Event::Act);
        }
        world.at(LAST_ACT, Event::Over);
        scenario
    }

    pub fn act(&mut self, world: &mut World) {
        let young = world.nodes.len() < self.contexts;
        match world.rng.below(100) {
            0..40 if young && world.now < LAST_ACT / 2 => self.join(world),
            0..25 => call(world),
            25..40 => service(world),
            40..48 => ask(world),
            48..56 => post(world),
            56..68 => self.channel(world),
            68..71 => close(world),
            71..72 => impostor(world),
            72..88 if !self.hostile.is_empty() => self.harass(world),
            88..100 if self.harm => harm(world),
            _ => self.join(world),
        }
    }

    /// A context starts another, if there is room for one.
    fn join(&mut self, world: &mut World) {
        let node = world.rng.below(world.nodes.len());
        // Deep trees are rare otherwise.
        let last = world.nodes.len() - 1;
        let node = if world.rng.percent(self.deep) {
            last
        } else {
            node
        };
        let it = &world.nodes[node];
        let (alive, deep) = (it.alive, it.parents.len() >= self.depth);
        if !alive || deep || world.nodes.len() >= self.contexts + 4 || !has_quota(world, node) {
            return;
        }
        let request = world.nodes[node].new_request();
        world.nodes[node].expecting.insert(request);
        world.input(node, Input::Allocate { request });
        if world.rng.percent(5) {
            // It does not want one after all.
            world.nodes[node].expecting.remove(&request);
            world.input(node, Input::Abandon { request });
        }
    }

    fn channel(&mut self, world: &mut World) {
        let [from, to] = [0, 1].map(|_| world.rng.below(world.nodes.len()));
        if from == to || !world.nodes[from].alive || !world.nodes[to].alive {
            return;
        }
        let (me, other) = (world.nodes[from].id, world.nodes[to].id);
        let above = world.check.tree.is_above(me, other);
        let accept = match world.rng.below(10) {
            0 => Accept::Above,
            1 => Accept::Context(me),
            2 => Accept::Context(NOBODY),
            _ if above => Accept::Above,
            _ => Accept::Anyone,
        };
        let frames = if self.long && world.rng.percent(50) {
            vec![LONGEST - 1000; 30]
        } else {
            let len = *world.rng.pick(&[0, 100, 800]);
            vec![len; world.rng.below(10)]
        };
        world.channel(from, to, accept, frames.into());
    }

    /// Somebody hostile does something. It is chosen when there is a tree.
    fn harass(&mut self, world: &mut World) {
        let which = world.rng.below(self.hostile.len());
        if self.hostile[which] == usize::MAX {
            if world.nodes.len() < 3 {
                return;
            }
            let mut node = 1 + world.rng.below(world.nodes.len() - 1);
            if world.rng.percent(60) {
                let deepest =
                    (1..world.nodes.len()).max_by_key(|it| world.nodes[*it].parents.len());
                node = deepest.unwrap_or(node);
            }
            self.hostile[which] = node;
            world.check.tree.hostile.insert(world.nodes[node].id);
        }
        hostile::harass(world, self.hostile[which]);
    }

    /// The end of the scenario: whoever asks in vain stops to wait. Whoever hears only what somebody hostile lets it
    /// hear does so later, and more of them.
    pub fn over(&mut self, world: &mut World) {
        let late = world.now > LAST_ACT + Duration::from_secs(60);
        for node in 0..world.nodes.len() {
            for request in std::mem::take(&mut world.nodes[node].hopeless) {
                world.abandon(node, request);
            }
            if late && world.check.tree.is_tainted(world.nodes[node].id) {
                world.give_up(node);
            }
        }
        world.at(world.now + Duration::from_secs(61), Event::Over);
    }
}

/// May one more context be there? Only the deepest have few.
fn has_quota(world: &World, node: usize) -> bool {
    let tree = &world.check.tree;
    let me = world.nodes[node].id;
    let siblings = world.nodes.iter().filter(|it| tree.is_above(me, it.id));
    let coming: usize = world.nodes.iter().map(|it| it.expecting.len()).sum();
    siblings.count() + coming < FEW_ROUTES || world.nodes[node].parents.len() < DEPTH - 2
}

fn harm(world: &mut World) {
    if world.wires.is_empty() {
        return;
    }
    world.check.harm = true;
    let wire = world.rng.below(world.wires.len());
    match world.rng.below(7) {
        0 => harm::cut(world, wire),
        1 => harm::silence(world, wire),
        2 => harm::garbage(world, wire),
        3 => harm::end(world, wire, Handle::SHUTDOWN),
        4 => {
            // Not after all.
            harm::end(world, wire, Handle::DETACHING);
            harm::end(world, wire, Handle::SHUTDOWN);
        }
        _ => harm::end(world, wire, Handle::DETACHING),
    }
}
