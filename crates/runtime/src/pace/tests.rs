//! A function's record.

use super::{PROBATION, Pace};

#[test]
fn a_function_proves_itself_and_is_not_trusted_again_soon() {
    let pace = Pace::default();
    assert!(!pace.is_quick());
    pace.start().done(1);
    assert!(pace.is_quick());
    // It waited for something.
    pace.start().done(2);
    assert!(!pace.is_quick());
    for _ in 0..PROBATION {
        pace.start().done(1);
        assert!(!pace.is_quick());
    }
    pace.start().done(1);
    assert!(pace.is_quick());
    // It was given up.
    drop(pace.start());
    assert!(!pace.is_quick());
}
