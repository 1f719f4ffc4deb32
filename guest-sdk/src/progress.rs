//! How far a long task has come, for a person who waits.

/// Says that `done` of `total` units are done, and what happens now.
pub fn report(done: u64, total: u64, message: &str) {
    crate::host::progress::report(done, total, message);
}

/// Says what happens now where nobody knows how much is left.
pub fn say(message: &str) {
    report(0, 0, message);
}
