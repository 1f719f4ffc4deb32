//! A function's record.

use super::{LONG, LONG_PROBATION, PROBATION, Pace};

#[test]
fn a_function_proves_itself_and_is_not_trusted_again_soon() {
    let pace = Pace::default();
    assert!(!pace.is_quick());
    pace.start().done(true);
    assert!(pace.is_quick());
    // It waited for something.
    pace.start().done(false);
    assert!(!pace.is_quick());
    for _ in 0..PROBATION {
        pace.start().done(true);
        assert!(!pace.is_quick());
    }
    pace.start().done(true);
    assert!(pace.is_quick());
    // It was given up.
    drop(pace.start());
    assert!(!pace.is_quick());
}

#[test]
fn a_host_that_worked_long_for_it_is_remembered() {
    let pace = Pace::default();
    let timing = pace.start();
    std::thread::sleep(LONG * 2);
    timing.done(true);
    for _ in 0..=PROBATION {
        pace.start().done(true);
    }
    assert!(!pace.is_quick());
    for _ in 0..LONG_PROBATION {
        pace.start().done(true);
    }
    assert!(pace.is_quick());
}
