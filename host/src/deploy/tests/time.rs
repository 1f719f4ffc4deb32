//! Whose word counts on how long a task may take.

use crate::deploy::time::{LONGEST_MS, limits};
use proto::CallLimits;
use wasmtime::component::Val;

fn wall_ms(timeout_ms: Option<u64>) -> u64 {
    let given = CallLimits {
        wall_ms: 30_000,
        ..CallLimits::default()
    };
    let value = Val::Option(timeout_ms.map(|ms| Box::new(Val::U64(ms))));
    let params = Val::Record(vec![
        ("argv".to_owned(), Val::List(Vec::new())),
        ("timeout-ms".to_owned(), value),
    ]);
    limits(given, &params).wall_ms
}

#[test]
fn a_task_that_asks_for_more_time_gets_it() {
    assert_eq!(wall_ms(None), 30_000);
    assert_eq!(wall_ms(Some(100)), 30_000);
    assert_eq!(wall_ms(Some(600_000)), 605_000);
    assert_eq!(wall_ms(Some(u64::MAX)), LONGEST_MS);
    let none = limits(CallLimits::default(), &Val::Record(Vec::new()));
    assert_eq!(none, CallLimits::default());
}
