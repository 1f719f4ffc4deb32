//! Services, and what a context says about itself.

use super::example::{Example, MASTER, SLAVE, bare, down, item, tailed, up, with_reply};
use super::{REPLY, module};
use bytes::Bytes;
use proto::message::{
    CallImport, CallService, GUESTS, ImportOutcome, Inspection, LinkState, Outcome, Refusal,
    RouteState, ServiceOutcome,
};
use proto::{Body, ContextId, Handle};
use serde::Serialize;

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
        tailed(
            "call-service-import",
            with_reply(up(Handle::CALL_SERVICE), REPLY),
            CallService {
                service: GUESTS.to_owned(),
                method: "import".to_owned(),
            },
            encoded(&CallImport {
                ticket: 6,
                interface: "acme:stock/lookup@1.0.0".to_owned(),
                function: "count".to_owned(),
                arguments: Bytes::from_static(&[0x81, 0x07]),
            }),
        ),
        tailed(
            "service-import-returned",
            down(REPLY),
            ServiceOutcome::Returned(Bytes::new()),
            encoded(&Ok::<_, Refusal>(ImportOutcome {
                outcome: Outcome::Returned(Bytes::new()),
                value: Bytes::from_static(&[0x81, 0x18, 0x2a]),
            })),
        ),
        tailed(
            "service-import-refused",
            down(REPLY),
            ServiceOutcome::Returned(Bytes::new()),
            encoded(&Err::<ImportOutcome, _>(Refusal::Denied(
                "the call is over".to_owned(),
            ))),
        ),
        bare("inspect", with_reply(down(Handle::INSPECT), REPLY)),
        item("inspection", up(REPLY), inspection()),
    ]
}

/// As the tail of an example, which lasts as long as the tests.
fn encoded(message: &impl Serialize) -> &'static [u8] {
    let body = Body::new(message).expect("it can be encoded");
    Box::leak(body.bytes().to_vec().into_boxed_slice())
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
