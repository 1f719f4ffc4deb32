//! Sizes and times as a person writes them.

use super::*;

#[test]
fn people_write_times_and_sizes() {
    assert_eq!(time("30s"), Ok(Duration::from_secs(30)));
    assert_eq!(time("1.5 m"), Ok(Duration::from_secs(90)));
    assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(time("7"), Ok(Duration::from_secs(7)));
    assert_eq!(size("64MiB"), Ok(64 << 20));
    assert_eq!(size("1.5g"), Ok(3 << 29));
    assert_eq!(size("10kB"), Ok(10_000));
}

#[test]
fn nonsense_is_refused() {
    for text in ["", "s", "-3s", "0", "5 parsecs", "1e99s", "1.2.3"] {
        assert!(time(text).is_err(), "{text}");
        assert!(size(text).is_err(), "{text}");
    }
}
