//! Which signals are listened to. That one of them stops the program is tested from outside.

use super::ignored;

#[test]
fn ignored_signals_are_read_from_the_status() {
    let status =
        "Name:\tzymogen\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001003\nSigCgt:\t0\n";
    assert_eq!(ignored(status), 0x1003);
    for odd in ["", "SigIgn:\tmany\n"] {
        assert_eq!(ignored(odd), 0);
    }
}
