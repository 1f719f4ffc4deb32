//! Services, and what a context says about itself.

use super::example::{Example, MASTER, SLAVE, bare, down, item, tailed, up, with_reply};
use super::{REPLY, module};
use bytes::Bytes;
use proto::message::{CallService, Inspection, LinkState, RouteState, ServiceOutcome};
use proto::{ContextId, Handle};

/// What the services take and give: the number 7.
const SEVEN: &[u8] = &[0x07];

pub fn all() -> Vec<Example> {
    let call = CallService {
        service: "files".to_owned(),
        method: "fetch".to_owned(),
    };
    let outcome = |name, outcome: ServiceOutcome| item(name, up(REPLY), outcome);
    let failed = ServiceOutcome::Failed("no such file".to_owned());
    let bad = ServiceOutcome::BadArguments("expected a path".to_owned());
    vec![
        tailed(
            "call-service",
            with_reply(down(Handle::CALL_SERVICE), REPLY),
            call,
            SEVEN,
        ),
        tailed(
            "service-returned",
            up(REPLY),
            ServiceOutcome::Returned(Bytes::new()),
            SEVEN,
        ),
        outcome("service-failed", failed),
        outcome("service-no-service", ServiceOutcome::NoService),
        outcome("service-no-method", ServiceOutcome::NoMethod),
        outcome("service-denied", ServiceOutcome::Denied),
        outcome("service-bad-arguments", bad),
        bare("inspect", with_reply(down(Handle::INSPECT), REPLY)),
        item("inspection", up(REPLY), inspection()),
    ]
}

/// A slave that has started another one, which has started a third.
fn inspection() -> Inspection {
    let link = |peer| LinkState {
        peer,
        queued: 0,
        received: 3000,
        sent: 70_000,
    };
    let route = |context, parent| RouteState {
        context,
        parent,
        via: ContextId(4),
    };
    Inspection {
        pid: 4711,
        resident: Some(9_437_184),
        links: vec![link(MASTER), link(ContextId(4))],
        routes: vec![
            route(ContextId(4), SLAVE),
            route(ContextId(5), ContextId(4)),
        ],
        requests: 1,
        calls: 2,
        services: 0,
        channels: 1,
        modules: vec![module()],
    }
}
