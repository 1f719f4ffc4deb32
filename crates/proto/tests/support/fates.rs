//! What becomes of calls and of other messages.

use super::REPLY;
use super::example::{Example, SLAVE, item, tailed, up, with_reply};
use bytes::Bytes;
use proto::message::{Dead, DeadReason, Down, LimitKind, Outcome, RefusedKind};
use proto::{ContextId, Handle};

pub fn outcomes() -> Vec<Example> {
    let value = &[0x81, 0x0e];
    let error = &[0x81, 0x82, 0x01, 0x63, b'b', b'a', b'd'];
    let outcome = |name, outcome| item(name, up(REPLY), outcome);
    vec![
        outcome_with("outcome-returned", Outcome::Returned(Bytes::new()), value),
        outcome_with("outcome-failed", Outcome::Failed(Bytes::new()), error),
        outcome(
            "outcome-trapped",
            Outcome::Trapped("unreachable".to_owned()),
        ),
        outcome("outcome-exited", Outcome::Exited(3)),
        outcome("outcome-denied", Outcome::Denied("write:/etc".to_owned())),
        outcome(
            "outcome-over-limit",
            Outcome::OverLimit {
                limit: LimitKind::WallTime,
                allowed: 30_000,
            },
        ),
        outcome(
            "outcome-refused",
            Outcome::Refused {
                kind: RefusedKind::NoExport,
                message: "no export `x`".to_owned(),
            },
        ),
        outcome("outcome-cancelled", Outcome::Cancelled),
        outcome(
            "outcome-dead",
            Outcome::Dead(Dead {
                reason: DeadReason::OutcomeTooLarge(128 << 20),
                at: SLAVE,
            }),
        ),
    ]
}

fn outcome_with(name: &'static str, outcome: Outcome, tail: &'static [u8]) -> Example {
    tailed(name, up(REPLY), outcome, tail)
}

pub fn dead() -> Vec<Example> {
    let dead = |name, reason| {
        let header = with_reply(up(REPLY), Handle::IS_DEAD);
        item(name, header, Dead { reason, at: SLAVE })
    };
    let lost = |name, down| dead(name, DeadReason::LinkDown(down));
    vec![
        dead("dead-no-route", DeadReason::NoRoute(ContextId(9))),
        dead("dead-invalid-handle", DeadReason::InvalidHandle),
        dead("dead-unauthorised", DeadReason::Unauthorised),
        dead("dead-busy", DeadReason::Busy),
        dead("dead-quota", DeadReason::Quota),
        // The other end of a channel, not that of a link.
        dead("dead-channel-closed", DeadReason::Closed),
        dead("dead-overrun", DeadReason::Overrun),
        dead("dead-crashed", DeadReason::Crashed),
        dead("dead-too-large", DeadReason::TooLarge(1 << 20)),
        dead(
            "dead-incomplete",
            DeadReason::Incomplete("trapped".to_owned()),
        ),
        dead(
            "dead-malformed",
            DeadReason::Malformed("no CBOR".to_owned()),
        ),
        lost("dead-closed", Down::Closed),
        lost("dead-closed-here", Down::ClosedHere),
        lost("dead-io", Down::Io("broken".to_owned())),
        lost("dead-corrupt", Down::Corrupt("no magic".to_owned())),
        lost("dead-silent", Down::Silent(15_000)),
        lost("dead-detached", Down::Detached),
    ]
}
