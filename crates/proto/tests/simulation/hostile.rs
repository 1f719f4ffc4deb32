//! A context that does not keep to the protocol: it lies about who it is, and answers for others.

use crate::scenario::{HANDLES, anybody};
use crate::world::{World, marked};
use proto::message::{Dead, DeadReason};
use proto::{Body, ContextId, Flags, Frame, Handle, Header};

const MASTER: ContextId = ContextId::MASTER;

/// A hostile context sends its parent what it likes.
pub fn forge(world: &mut World, hostile: usize) {
    let me = world.nodes[hostile].id;
    let up = world
        .wires
        .iter()
        .position(|wire| wire.ends[1].node == hostile);
    let Some(wire) = up.filter(|_| world.nodes[hostile].alive) else {
        return;
    };
    let header = if world.rng.percent(50) {
        forged_reply(world, me)
    } else {
        forged_header(world, me)
    };
    let Header { src, auth, dst, .. } = header;
    let mark = world.check.sent(me, (src, auth), dst, header.handle, None);
    let body = if header.reply_to == Handle::IS_DEAD && header.handle.is_dynamic() {
        let reason = DeadReason::Malformed(mark.to_string());
        let lie = Body::new(&Dead { reason, at: src });
        lie.expect("it can be encoded").bytes().clone()
    } else {
        marked(mark)
    };
    world.say(|| format!("{me:?} forges {header:?}, mark {mark}"));
    let link = world.wires[wire].ends[1].link;
    world.transmit(hostile, link, &Frame { header, body });
}

/// A reply in its own name to what the master asked somebody, perhaps somebody else, a moment ago.
fn forged_reply(world: &mut World, me: ContextId) -> Header {
    let reply_to = *world.rng.pick(&[Handle::NONE, Handle::IS_DEAD]);
    Header {
        flags: Flags::NONE,
        dst: MASTER,
        src: me,
        auth: me,
        handle: dynamic(world),
        reply_to,
    }
}

fn forged_header(world: &mut World, me: ContextId) -> Header {
    let reply_to = match world.rng.below(3) {
        0 => Handle::NONE,
        1 => Handle::IS_DEAD,
        _ => dynamic(world),
    };
    Header {
        flags: *world.rng.pick(&[Flags::NONE, Flags::NONE, Flags::BULK]),
        dst: if world.rng.percent(70) {
            MASTER
        } else {
            anybody(world)
        },
        src: claim(world, me),
        auth: claim(world, me),
        handle: Handle(*world.rng.pick(&HANDLES)),
        reply_to,
    }
}

/// Who a hostile context says that it is.
fn claim(world: &mut World, me: ContextId) -> ContextId {
    if world.rng.percent(60) {
        me
    } else {
        anybody(world)
    }
}

/// A handle at which the master lately awaited a reply: they count up, and are easily guessed.
fn dynamic(world: &mut World) -> Handle {
    let back = world.rng.below(6);
    let known = world.awaited.iter().rev().nth(back);
    known.copied().unwrap_or(Handle::FIRST_DYNAMIC)
}
