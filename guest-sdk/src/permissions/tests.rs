//! What is a mode, and what is not.

use super::{parse, text};

#[test]
fn reads_octal_digits_in_each_usual_form() {
    for (written, mode) in [
        ("0644", 0o644),
        ("644", 0o644),
        ("0o1777", 0o1777),
        ("0", 0),
        ("07777", 0o7777),
    ] {
        assert_eq!(parse(written), Ok(mode), "{written}");
    }
}

#[test]
fn refuses_what_is_not_twelve_octal_bits() {
    for written in [
        "",
        "0o",
        "+644",
        "-1",
        "0648",
        "10000",
        "u=rw",
        " 644",
        "99999999999999999999",
    ] {
        assert!(parse(written).is_err(), "{written}");
    }
}

#[test]
fn prints_at_least_four_digits() {
    assert_eq!(text(0o644), "0644");
    assert_eq!(text(0), "0000");
    assert_eq!(text(0o4755), "4755");
}
