//! What is done to wires, and to those who depend on them.

use crate::world::{Event, World};
use bytes::Bytes;
use proto::Handle;

/// Both sides lose the connection, and what was on its way.
pub fn cut(world: &mut World, wire: usize) {
    world.say(|| format!("wire {wire} is cut"));
    world.wires[wire].harmed = true;
    for side in 0..2 {
        world.within(500, Event::Hangup(wire, side));
    }
}

/// One or both sides are no longer heard.
pub fn silence(world: &mut World, wire: usize) {
    let sides = *world.rng.pick(&[&[0][..], &[1], &[0, 1]]);
    for side in sides {
        if !world.wires[wire].ways[*side].silent {
            world.say(|| format!("side {side} of wire {wire} falls silent"));
            world.wires[wire].ways[*side].silent = true;
            world.silent.insert((wire, 1 - side), world.now);
        }
    }
    world.wires[wire].harmed = true;
}

/// Something that is no frame, or a frame that is too long.
pub fn garbage(world: &mut World, wire: usize) {
    let side = world.rng.below(2);
    world.say(|| format!("side {side} of wire {wire} sends garbage"));
    world.check.seen.note("corrupted");
    world.wires[wire].harmed = true;
    let mut bytes = *b"ZY\x01\x00........................";
    if world.rng.percent(50) {
        bytes[world.rng.below(4)] = b'?';
    }
    if world.wires[wire].ends[side].open {
        let bytes = Bytes::copy_from_slice(&bytes);
        world.wires[wire].ways[side].push_bytes(0, bytes);
        world.write(wire, side);
    }
}

/// Somebody above ends a context, and with it what is below, or has it leave the tree.
pub fn end(world: &mut World, wire: usize, handle: Handle) {
    let child = world.wires[wire].ends[1].node;
    let above = world.nodes[child].parents.clone();
    let from = *world.rng.pick(&above);
    let (to, node) = (world.nodes[child].id, world.node(from));
    if world.nodes[node].alive && world.has_room(node, to) {
        world.say(|| format!("{from:?} tells {to:?} {handle:?}"));
        world.wires[wire].harmed = true;
        world.post(node, to, handle, 0);
    }
}
