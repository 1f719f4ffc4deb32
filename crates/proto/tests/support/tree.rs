//! How contexts come and go.

use super::REPLY;
use super::example::{Example, SLAVE, bare, down, item, up, with_reply};
use proto::message::{AddRoute, Dead, DeadReason, DelRoute, Down, IdBlock};
use proto::{ContextId, Handle};

pub fn all() -> Vec<Example> {
    let (child, grandchild) = (ContextId(4), ContextId(5));
    let came = AddRoute {
        context: child,
        parent: SLAVE,
    };
    let went = DelRoute {
        contexts: vec![child, grandchild],
        why: Dead {
            reason: DeadReason::LinkDown(Down::Closed),
            at: SLAVE,
        },
    };
    let block = IdBlock {
        first: ContextId(1004),
        count: 1000,
    };
    vec![
        bare("allocate-id", with_reply(up(Handle::ALLOCATE_ID), REPLY)),
        item("id-block", down(REPLY), block),
        item("add-route", up(Handle::ADD_ROUTE), came),
        item("del-route", up(Handle::DEL_ROUTE), went),
        bare("detach", down(Handle::DETACHING)),
        bare("detaching", with_reply(up(Handle::DETACHING), REPLY)),
        bare("detached", down(REPLY)),
    ]
}
