//! What a person reads of a call that did not return.

use crate::deploy::event::Status;
use crate::deploy::verdict::Verdict;
use crate::error::{Exit, Fate};
use crate::master::CallResult;
use proto::ContextId;
use proto::message::{Dead, DeadReason, Down, LimitKind};

fn over(limit: LimitKind, allowed: u64) -> CallResult {
    CallResult::OverLimit { limit, allowed }
}

#[test]
fn fates_are_told_apart() {
    let dead = CallResult::Dead(Dead {
        reason: DeadReason::LinkDown(Down::Closed),
        at: ContextId(0),
    });
    let told = [
        (
            CallResult::Trapped("wasm `unreachable` in `run`".to_owned()),
            Exit::Failed,
            "module `m` trapped: wasm `unreachable` in `run`",
        ),
        (
            CallResult::Exited(3),
            Exit::Failed,
            "module `m` ended itself with status 3",
        ),
        (
            CallResult::Denied("to read /etc/shadow".to_owned()),
            Exit::Denied,
            "module `m` was denied to read /etc/shadow",
        ),
        (
            over(LimitKind::WallTime, 30_000),
            Exit::Failed,
            "module `m` took longer than 30.0 s",
        ),
        (
            over(LimitKind::Memory, 64 << 20),
            Exit::Failed,
            "module `m` needed more than 64 MiB of memory",
        ),
        (
            over(LimitKind::Output, 16 << 20),
            Exit::Failed,
            "module `m` had more than 16 MiB to say",
        ),
        (
            CallResult::Cancelled,
            Exit::Interrupted,
            "the call was cancelled",
        ),
        (
            dead,
            Exit::Unreachable,
            "the context is gone: the peer closed the connection (noticed by context 0)",
        ),
    ];
    for (result, exit, message) in told {
        let fate = Fate::of(&result, "m").unwrap();
        assert_eq!((fate.exit, fate.message.as_str()), (exit, message));
        assert_eq!(Verdict::from_call("m", result).summary, message);
    }
    assert_eq!(Fate::of(&CallResult::Returned(None), "m"), None);
}

#[test]
fn only_a_context_that_is_gone_is_unreachable() {
    let told = |reason| {
        let dead = Dead {
            reason,
            at: ContextId(1),
        };
        let result = CallResult::Dead(dead);
        let fate = Fate::of(&result, "m").unwrap();
        let status = Verdict::from_call("m", result).status;
        (fate.exit, status, fate.kind, fate.message)
    };
    for reason in [
        DeadReason::LinkDown(Down::Silent(15_000)),
        DeadReason::NoRoute(ContextId(1)),
    ] {
        let (exit, status, kind, _) = told(reason);
        assert_eq!(
            (exit, status, kind),
            (Exit::Unreachable, Status::Unreachable, "dead")
        );
    }
    for (reason, expected) in [
        (DeadReason::Busy, "busy"),
        (DeadReason::TooLarge(1 << 27), "too-large"),
        (DeadReason::Crashed, "crashed"),
        (DeadReason::Malformed("odd".to_owned()), "malformed"),
        (DeadReason::InvalidHandle, "not-accepted"),
        (DeadReason::Unauthorised, "not-accepted"),
    ] {
        let (exit, status, kind, message) = told(reason);
        assert_eq!(
            (exit, status, kind),
            (Exit::Failed, Status::Failed, expected)
        );
        assert!(!message.contains("gone"), "{message}");
    }
}

#[test]
fn limits_name_the_option_that_raises_them() {
    let hint = |limit| Fate::of(&over(limit, 1), "m").unwrap().hint;
    assert_eq!(
        hint(LimitKind::WallTime).as_deref(),
        Some("--timeout allows more")
    );
    assert_eq!(
        hint(LimitKind::Memory).as_deref(),
        Some("--memory allows more")
    );
    assert_eq!(
        hint(LimitKind::Output).as_deref(),
        Some("--max-output allows more")
    );
    assert_eq!(hint(LimitKind::Stack), None);
}
