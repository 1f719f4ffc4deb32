//! What contexts do to each other, as they may, or as they may not.

use crate::tree::Place;
use crate::world::{Event, World};
use proto::router::{Input, Role};
use proto::{ContextId, Handle};

/// A context that there never is.
pub const NOBODY: ContextId = ContextId(7_777_777);

/// Handles at which anybody may ask in vain, some that are none, and some at which somebody may await a reply.
pub const HANDLES: [u32; 22] = [
    0, 1, 99, 100, 101, 101, 102, 107, 108, 110, 111, 112, 113, 120, 122, 125, 126, 127, 128, 999,
    1000, 1001,
];

/// Somebody above calls a function in a context, or what else only it may.
pub fn call(world: &mut World) {
    let child = world.rng.below(world.nodes.len());
    if child == 0 {
        return;
    }
    let from = *world.rng.pick(&world.nodes[child].parents.clone());
    let (node, to) = (world.node(from), world.nodes[child].id);
    let handles = [
        Handle::CALL_FUNCTION,
        Handle::CALL_FUNCTION,
        Handle::LAUNCH,
        Handle::INSPECT,
    ];
    let handle = *world.rng.pick(&handles);
    // Now and then more at once than are allowed.
    let times = *world.rng.pick(&[1, 1, 1, 1, 9]);
    for _ in 0..times {
        request(world, node, to, handle);
    }
}

/// Anybody calls a service of anybody.
pub fn service(world: &mut World) {
    let node = world.rng.below(world.nodes.len());
    let to = anybody(world);
    let times = *world.rng.pick(&[1, 1, 1, 1, 5]);
    for _ in 0..times {
        request(world, node, to, Handle::CALL_SERVICE);
    }
}

/// Somebody asks somebody for something, be it allowed or not. What is at the handles that were made on demand is for
/// channels, and for those who lie.
pub fn ask(world: &mut World) {
    let node = world.rng.below(world.nodes.len());
    let to = anybody(world);
    let well_known = HANDLES
        .map(Handle)
        .into_iter()
        .filter(|it| !it.is_dynamic());
    let handle = *world.rng.pick(&well_known.collect::<Vec<_>>());
    request(world, node, to, handle);
}

fn request(world: &mut World, node: usize, to: ContextId, handle: Handle) {
    if !world.nodes[node].alive {
        return;
    }
    if !world.has_room(node, to) {
        return world.check.seen.note("waits for room");
    }
    let me = world.nodes[node].id;
    let mark = world.check.sent((me, me), to, handle, None);
    let request = world.nodes[node].new_request();
    world.check.asked(me, request, mark);
    if !world.check.tree.must_answer(me, to, handle) {
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

/// Somebody sends a message to a context that may have it.
pub fn post(world: &mut World) {
    let node = world.rng.below(world.nodes.len());
    let to = anybody(world);
    let me = world.nodes[node].id;
    let handles = match world.check.tree.place(me, to) {
        Place::Child => [
            Handle::LOAD_MODULE,
            Handle::FORWARD_MODULE,
            Handle::END_CHAIN,
        ],
        Place::FurtherBelow => [
            Handle::LOAD_RESOURCE,
            Handle::FORWARD_MODULE,
            Handle::END_CHAIN,
        ],
        Place::Parent => [
            Handle::GET_MODULE,
            Handle::GET_RESOURCE,
            Handle::FORWARD_LOG,
        ],
        Place::FurtherAbove => [Handle::FORWARD_LOG; 3],
        Place::Elsewhere => return,
    };
    let handle = *world.rng.pick(&handles);
    if world.nodes[node].alive && world.has_room(node, to) {
        let padding = *world.rng.pick(&[0, 30, 900]);
        world.post(node, to, handle, padding);
    }
}

/// A receiver is closed under way.
pub fn close(world: &mut World) {
    let open = world
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, it)| !it.receivers.is_empty());
    let open: Vec<_> = open.map(|(node, _)| node).collect();
    if !open.is_empty() {
        let node = *world.rng.pick(&open);
        if let Some(handle) = world.nodes[node].receivers.keys().next_back().copied() {
            world.close_receiver(node, handle);
        }
    }
}

/// A child comes that says that it is somebody who is there already.
pub fn impostor(world: &mut World) {
    let node = world.rng.below(world.nodes.len());
    let peer = anybody(world);
    let it = &mut world.nodes[node];
    let taken = peer == it.id || it.parents.contains(&peer) || it.router.is_below(peer);
    if it.alive && taken {
        let (link, role) = (it.new_link(), Role::Child);
        world.input(node, Input::LinkUp { link, peer, role });
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
