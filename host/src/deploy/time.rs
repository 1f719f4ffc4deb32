//! How long a task may take. A plan's own number counts: who writes `timeout-ms = 600000` has thought about it,
//! and the limit for all calls is for those tasks of which nobody has.

use proto::CallLimits;
use wasmtime::component::Val;

/// The parameter in which a task says how long its work may take. By name, as WIT has no type for it.
const PARAMETER: &str = "timeout-ms";
/// What the task needs around its work, so that its own end of time comes first and in its own words.
const AROUND_MS: u64 = 5_000;
/// No task is waited for longer than a day.
pub const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

/// The limits of a call with these parameters: more time if they ask for it.
#[must_use]
pub fn limits(limits: CallLimits, params: &Val) -> CallLimits {
    let asked = asked(params).map_or(0, |ms| ms.saturating_add(AROUND_MS).min(LONGEST_MS));
    CallLimits {
        wall_ms: limits.wall_ms.max(asked),
        ..limits
    }
}

fn asked(params: &Val) -> Option<u64> {
    let Val::Record(fields) = params else {
        return None;
    };
    let (_, value) = fields.iter().find(|(name, _)| name == PARAMETER)?;
    match value {
        Val::Option(Some(inner)) => match **inner {
            Val::U64(ms) => Some(ms),
            _ => None,
        },
        Val::U64(ms) => Some(*ms),
        _ => None,
    }
}
