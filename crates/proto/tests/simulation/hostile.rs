//! A context that does not keep to the protocol: it lies about who it is and about what is behind it, answers for
//! others, and wants more than it may have. What it must, it does as all others, so that the tree goes on.

use crate::acts::{HANDLES, anybody};
use crate::churn::churn;
use crate::network::LONGEST;
use crate::world::{World, marked};
use proto::message::{AddRoute, Credit, Dead, DeadReason, DelRoute, Down};
use proto::router::Accept;
use proto::{Body, ContextId, Flags, Frame, HEADER_LEN, Handle, Header, LinkId};

/// A hostile context does something to its parent, and through it to others, or to those below it.
pub fn harass(world: &mut World, hostile: usize) {
    if !world.nodes[hostile].alive {
        return;
    }
    let links: Vec<_> = world.nodes[hostile]
        .links
        .iter()
        .map(|(link, at)| (*link, *at))
        .collect();
    let Some((up, (wire, _))) = links.iter().find(|(_, (_, side))| *side == 1).copied() else {
        return;
    };
    let parent = world.nodes[world.wires[wire].ends[0].node].id;
    match world.rng.below(20) {
        0..4 => (0..4).for_each(|_| forge(world, hostile, up)),
        4..6 => (0..3).for_each(|_| forge_reply(world, hostile, up)),
        6 => (0..3).for_each(|_| forge_credit(world, hostile, up)),
        7 | 13 | 15 | 16 => {
            announce(world, hostile, (up, parent));
            announce_many(world, hostile, wire);
        }
        8 => take_away(world, hostile, (up, parent)),
        9 => want_ids(world, hostile, (up, parent)),
        10 => flood(world, hostile, up),
        11 => overrun(world, hostile, up),
        12 => unreadable(world, hostile, (up, parent)),
        14 => greedy(world, hostile),
        18 | 19 => churn(world, hostile, wire),
        _ => {
            // To those below it is whatever it says.
            let (link, _) = *world.rng.pick(&links);
            forge(world, hostile, link);
        }
    }
}

pub fn send(world: &mut World, hostile: usize, link: LinkId, header: Header, body: &Body) {
    let me = world.nodes[hostile].id;
    world.say(|| format!("{me:?} forges {header:?}"));
    let header = Header {
        flags: body.flags(),
        ..header
    };
    let body = body.bytes().clone();
    if header.flags == Flags::BULK {
        world.forged += HEADER_LEN + body.len();
    }
    world.transmit(hostile, link, &Frame { header, body });
}

pub fn header(me: ContextId, dst: ContextId, handle: Handle, reply_to: Handle) -> Header {
    Header {
        flags: Flags::NONE,
        dst,
        src: me,
        auth: me,
        handle,
        reply_to,
    }
}

/// Something in any name, for anybody.
fn forge(world: &mut World, hostile: usize, link: LinkId) {
    let me = world.nodes[hostile].id;
    let dst = anybody(world);
    let flags = *world.rng.pick(&[Flags::NONE, Flags::NONE, Flags::BULK]);
    let reply_to = *world.rng.pick(&[Handle::NONE, Handle(5000)]);
    let header = Header {
        src: claim(world, me),
        auth: claim(world, me),
        ..header(me, dst, Handle(*world.rng.pick(&HANDLES)), reply_to)
    };
    let mark = world.check.sent((me, header.src), dst, header.handle, None);
    send(world, hostile, link, header, &marked(flags, mark, 0));
}

/// A reply to what somebody, perhaps, asked somebody else a moment ago.
fn forge_reply(world: &mut World, hostile: usize, link: LinkId) {
    let me = world.nodes[hostile].id;
    let Some((dst, handle)) = awaited(world) else {
        return;
    };
    let src = if world.rng.percent(70) {
        me
    } else {
        anybody(world)
    };
    let auth = src;
    let mark = world.check.sent((me, src), dst, handle, None);
    let (reply_to, body) = match world.rng.below(3) {
        0 => (Handle::NONE, marked(Flags::NONE, mark, 0)),
        1 => (Handle(5000), marked(Flags::NONE, mark, 0)),
        _ => {
            let reason = DeadReason::Malformed("forged".to_owned());
            (Handle::IS_DEAD, encoded(&Dead { reason, at: src }))
        }
    };
    let header = Header {
        src,
        auth,
        ..header(me, dst, handle, reply_to)
    };
    send(world, hostile, link, header, &body);
}

fn forge_credit(world: &mut World, hostile: usize, link: LinkId) {
    let me = world.nodes[hostile].id;
    let senders = world.nodes.iter().filter(|node| node.id != me);
    let senders = senders.flat_map(|node| node.senders.keys().map(|handle| (node.id, *handle)));
    let senders: Vec<_> = senders.chain([(ContextId::MASTER, Handle(1000))]).collect();
    let (dst, sender) = *world.rng.pick(&senders);
    let bytes = u64::MAX;
    let header = header(me, dst, Handle::CREDIT, Handle::NONE);
    send(
        world,
        hostile,
        link,
        header,
        &encoded(&Credit { sender, bytes }),
    );
}

/// Contexts that are not there, or not here.
fn announce(world: &mut World, hostile: usize, (link, parent): (LinkId, ContextId)) {
    let me = world.nodes[hostile].id;
    let header = header(me, parent, Handle::ADD_ROUTE, Handle::NONE);
    let others = [anybody(world), anybody(world), me, ContextId::UNASSIGNED];
    for context in others {
        let parent = *world.rng.pick(&[me, others[0]]);
        send(
            world,
            hostile,
            link,
            header,
            &encoded(&AddRoute { context, parent }),
        );
    }
}

/// More than there may be, once, from the middle of a block that it may have.
fn announce_many(world: &mut World, hostile: usize, wire: usize) {
    let me = world.nodes[hostile].id;
    let [above, end] = &world.wires[wire].ends;
    let (link, parent) = (end.link, world.nodes[above.node].id);
    let Some(first) = world.nodes[above.node].model.given_to(above.link) else {
        return want_ids(world, hostile, (link, parent));
    };
    if std::mem::replace(&mut world.crowded, true) {
        return;
    }
    let header = header(me, parent, Handle::ADD_ROUTE, Handle::NONE);
    for context in (first.0 + 500..).take(20).map(ContextId) {
        let parent = *world.rng.pick(&[me, me, ContextId(context.0 - 1)]);
        send(
            world,
            hostile,
            link,
            header,
            &encoded(&AddRoute { context, parent }),
        );
    }
}

/// Contexts of others, and its own, which it has still.
fn take_away(world: &mut World, hostile: usize, (link, parent): (LinkId, ContextId)) {
    let me = world.nodes[hostile].id;
    let contexts = (0..4).map(|_| anybody(world)).chain([me, parent]).collect();
    let reason = DeadReason::LinkDown(Down::Closed);
    let why = Dead { reason, at: me };
    let header = header(me, parent, Handle::DEL_ROUTE, Handle::NONE);
    send(
        world,
        hostile,
        link,
        header,
        &encoded(&DelRoute { contexts, why }),
    );
}

pub fn want_ids(world: &mut World, hostile: usize, (link, parent): (LinkId, ContextId)) {
    let me = world.nodes[hostile].id;
    for _ in 0..8 {
        let header = header(me, parent, Handle::ALLOCATE_ID, Handle(5000));
        send(world, hostile, link, header, &Body::empty());
    }
}

/// More than a slow way takes.
fn flood(world: &mut World, hostile: usize, link: LinkId) {
    let me = world.nodes[hostile].id;
    let dst = anybody(world);
    for _ in 0..10 {
        let handle = *world.rng.pick(&[Handle::CALL_SERVICE, Handle::PING]);
        let mark = world.check.sent((me, me), dst, handle, None);
        let header = header(me, dst, handle, Handle(5000));
        send(
            world,
            hostile,
            link,
            header,
            &marked(Flags::NONE, mark, LONGEST - 500),
        );
    }
}

/// More than a receiver lets come.
fn overrun(world: &mut World, hostile: usize, link: LinkId) {
    let me = world.nodes[hostile].id;
    let receivers = world.nodes.iter().filter(|node| node.id != me);
    let receivers = receivers.flat_map(|node| node.receivers.keys().map(|it| (node.id, *it)));
    let receivers: Vec<_> = receivers.collect();
    if receivers.is_empty() {
        return;
    }
    let (dst, handle) = *world.rng.pick(&receivers);
    let times = *world.rng.pick(&[1, 20]);
    for _ in 0..times {
        let mark = world.check.sent((me, me), dst, handle, None);
        let header = header(me, dst, handle, Handle(6000));
        send(
            world,
            hostile,
            link,
            header,
            &marked(Flags::BULK, mark, LONGEST - 500),
        );
    }
}

/// The same as any sender, that does not look how much it may send.
fn greedy(world: &mut World, hostile: usize) {
    let above = world.nodes[hostile].parents.clone();
    let to = *world.rng.pick(&above);
    let to = world.node(to);
    if world.nodes[to].alive {
        let frames = vec![LONGEST - 1000; 30];
        world.channel(hostile, to, Accept::Anyone, frames.into());
    }
}

/// Messages to the router itself that mean nothing.
fn unreadable(world: &mut World, hostile: usize, (link, parent): (LinkId, ContextId)) {
    let me = world.nodes[hostile].id;
    for handle in [Handle::ADD_ROUTE, Handle::DEL_ROUTE, Handle::CREDIT] {
        let header = header(me, parent, handle, Handle::NONE);
        send(
            world,
            hostile,
            link,
            header,
            &marked(Flags::NONE, u64::MAX, 0),
        );
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

/// Where somebody lately awaited a reply: handles count up, and are easily guessed.
fn awaited(world: &mut World) -> Option<(ContextId, Handle)> {
    let back = world.rng.below(12);
    world.awaited.iter().rev().nth(back).copied()
}

pub fn encoded(message: &impl serde::Serialize) -> Body {
    Body::new(message).expect("it can be encoded")
}
