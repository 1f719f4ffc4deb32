//! What is done to wires, and to those who depend on them.

use crate::world::{Event, World, marked};
use proto::router::Input;
use proto::{Body, Flags, Handle};

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
        world.write(wire, side, &bytes);
    }
}

/// A parent ends a child, and with it what is below.
pub fn shutdown(world: &mut World, wire: usize) {
    let [parent, child] = [0, 1].map(|side| world.wires[wire].ends[side].node);
    world.wires[wire].harmed = true;
    let (me, to) = (world.nodes[parent].id, world.nodes[child].id);
    if world.nodes[parent].alive {
        let handle = Handle::SHUTDOWN;
        let mark = world.check.sent(me, (me, me), to, handle, None);
        let body = Body::raw(Flags::NONE, marked(mark));
        let reply_to = Handle::NONE;
        world.input(
            parent,
            Input::Post {
                to,
                handle,
                reply_to,
                body,
            },
        );
    }
}
