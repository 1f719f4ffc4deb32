//! A hostile context lets contexts come and go, and come again, as fast as it can write.

use crate::acts::anybody;
use crate::hostile::{encoded, header, send, want_ids};
use crate::world::World;
use proto::message::{AddRoute, Dead, DeadReason, DelRoute, Down};
use proto::{Body, ContextId, Handle};

/// Contexts that it says are there at once: more than others are told of at once.
const MANY: usize = 5;

pub fn churn(world: &mut World, hostile: usize, wire: usize) {
    let [above, end] = &world.wires[wire].ends;
    let (link, parent) = (end.link, world.nodes[above.node].id);
    let Some(first) = world.nodes[above.node].model.given_to(above.link) else {
        return want_ids(world, hostile, (link, parent));
    };
    let me = world.nodes[hostile].id;
    // Nobody has come so far.
    let contexts: Vec<_> = (first.0 + 700..).take(MANY).map(ContextId).collect();
    // At the end all of them are gone, so that what is allowed is not used up.
    for _ in 0..2 {
        let add = header(me, parent, Handle::ADD_ROUTE, Handle::NONE);
        for context in &contexts {
            let body = encoded(&AddRoute {
                context: *context,
                parent: me,
            });
            send(world, hostile, link, add, &body);
            // Whoever has heard from it must be told that it is gone.
            let dst = anybody(world);
            let ping = header(*context, dst, Handle::PING, Handle(5000));
            send(world, hostile, link, ping, &Body::empty());
        }
        let reasons = [DeadReason::LinkDown(Down::Closed), DeadReason::Crashed];
        let reason = world.rng.pick(&reasons).clone();
        let why = Dead { reason, at: me };
        let contexts = contexts.clone();
        let del = header(me, parent, Handle::DEL_ROUTE, Handle::NONE);
        let body = encoded(&DelRoute { contexts, why });
        send(world, hostile, link, del, &body);
    }
}
