//! What contexts do, and what is done to them: chosen at random, act by act.

use crate::node::Node;
use crate::world::{Event, LAST_ACT, World};
use crate::{harm, hostile};
use proto::router::Input;
use proto::{Body, ContextId, Flags, Handle};
use std::time::Duration;

const MASTER: ContextId = ContextId::MASTER;
const NOBODY: ContextId = ContextId(77);

/// Every well-known handle, some that are not, and some at which somebody may await a reply.
pub const HANDLES: [u32; 22] = [
    0, 1, 100, 100, 101, 101, 101, 102, 102, 103, 106, 107, 107, 111, 112, 113, 120, 121, 122, 999,
    1000, 1001,
];

pub struct Scenario {
    /// The node that does not keep to the protocol.
    hostile: Option<usize>,
    /// Do links break, and contexts end?
    harm: bool,
    last_context: u32,
}

impl Scenario {
    /// Builds a tree and plans when something is to happen in it.
    pub fn begin(world: &mut World) -> Self {
        world.nodes.push(Node::new(MASTER, Vec::new()));
        let mut scenario = Self {
            hostile: None,
            harm: world.rng.percent(60),
            last_context: 0,
        };
        for _ in 0..2 + world.rng.below(3) {
            scenario.join(world, 0);
        }
        for _ in 0..world.rng.below(3) {
            scenario.join(world, 1);
        }
        if world.rng.percent(50) {
            let hostile = 1 + world.rng.below(world.nodes.len() - 1);
            scenario.hostile = Some(hostile);
            world.check.hostile = Some(world.nodes[hostile].id);
        }
        for _ in 0..15 + world.rng.below(50) {
            let ms = LAST_ACT.as_millis() as usize;
            world.within(ms, Event::Act);
        }
        world.at(LAST_ACT, Event::Act);
        scenario
    }

    fn join(&mut self, world: &mut World, parent: usize) {
        self.last_context += 1;
        world.join(parent, ContextId(self.last_context));
    }

    pub fn act(&mut self, world: &mut World) {
        if world.now >= LAST_ACT {
            return give_up(world);
        }
        match world.rng.below(100) {
            0..45 => call(world),
            45..55 => ask(world),
            55..75 => post(world),
            75..90 => match self.hostile {
                Some(hostile) => (0..4).for_each(|_| hostile::forge(world, hostile)),
                None => call(world),
            },
            _ if self.harm => self.harm(world),
            _ => call(world),
        }
    }

    fn harm(&mut self, world: &mut World) {
        let wire = world.rng.below(world.wires.len());
        match world.rng.below(5) {
            0 => harm::cut(world, wire),
            1 => harm::silence(world, wire),
            2 => harm::garbage(world, wire),
            3 => harm::shutdown(world, wire),
            _ => {
                world.check.seen.note("joined late");
                self.join(world, 0);
            }
        }
    }
}

/// A parent calls a function in a child.
fn call(world: &mut World) {
    let wire = world.rng.below(world.wires.len());
    let [parent, child] = [0, 1].map(|side| world.wires[wire].ends[side].node);
    let to = world.nodes[child].id;
    // Now and then more at once than are allowed.
    let times = *world.rng.pick(&[1, 1, 1, 1, 9]);
    for _ in 0..times {
        request(world, parent, to, Handle::CALL_FUNCTION);
    }
}

/// Somebody asks somebody for something, be it allowed or not.
fn ask(world: &mut World) {
    let node = world.rng.below(world.nodes.len());
    let to = anybody(world);
    let handle = Handle(*world.rng.pick(&HANDLES));
    // It would end, as it should, but so would the scenario.
    if handle != Handle::SHUTDOWN || !world.check.rules.may(to, world.nodes[node].id, handle) {
        request(world, node, to, handle);
    }
}

fn request(world: &mut World, node: usize, to: ContextId, handle: Handle) {
    if !world.nodes[node].alive {
        return;
    }
    let me = world.nodes[node].id;
    let mark = world.check.sent(me, (me, me), to, handle, None);
    let request = world.nodes[node].new_request();
    world.check.asked(me, request, mark);
    if !world.check.rules.must_answer(me, to, handle) {
        world.nodes[node].hopeless.push(request);
    } else if world.rng.percent(25) {
        world.within(1500, Event::Abandon(node, request));
    }
    let body = world.body(mark);
    world.say(|| format!("{me:?} asks {to:?} for {handle:?}: {request:?}, mark {mark}"));
    world.input(
        node,
        Input::Request {
            request,
            to,
            handle,
            body,
        },
    );
}

/// Somebody sends a message to a neighbour, mostly one that is allowed.
fn post(world: &mut World) {
    let wire = world.rng.below(world.wires.len());
    let from = world.rng.below(2);
    let [node, other] = [from, 1 - from].map(|side| world.wires[wire].ends[side].node);
    let (me, to) = (world.nodes[node].id, world.nodes[other].id);
    let handles = [
        [
            Handle::LOAD_MODULE,
            Handle::LOAD_RESOURCE,
            Handle::GET_MODULE,
        ],
        [
            Handle::GET_MODULE,
            Handle::FORWARD_LOG,
            Handle::LOAD_RESOURCE,
        ],
    ];
    let handle = *world.rng.pick(&handles[from]);
    if world.nodes[node].alive {
        let mark = world.check.sent(me, (me, me), to, handle, None);
        let body = world.body(mark);
        let bulk = from == 0 && world.rng.percent(30);
        let (flags, reply_to) = if bulk {
            (Flags::BULK, Handle(1000))
        } else {
            (Flags::NONE, Handle::NONE)
        };
        let body = Body::raw(flags, body.bytes().clone());
        world.input(
            node,
            Input::Post {
                to,
                handle,
                reply_to,
                body,
            },
        );
    }
}

/// A context of the tree, or one that is not there.
pub fn anybody(world: &mut World) -> ContextId {
    if world.rng.percent(10) {
        return NOBODY;
    }
    let node = world.rng.below(world.nodes.len());
    world.nodes[node].id
}

/// The end of the scenario: whoever asks in vain stops to wait.
fn give_up(world: &mut World) {
    for node in 0..world.nodes.len() {
        for request in std::mem::take(&mut world.nodes[node].hopeless) {
            world.abandon(node, request);
        }
    }
    world.at(world.now + Duration::from_secs(60), Event::Act);
}
