//! Targets as text.

use super::{KINDS, Target};

#[test]
fn this_machine_has_a_name_that_is_read_back() {
    let native = Target::native();
    assert_eq!(native.to_string().parse(), Ok(native.clone()));
    let least: Target = native.triple().parse().unwrap();
    assert_eq!(least.to_string(), native.triple());
    assert_eq!(least.flags().count(), 0);
}

#[test]
fn features_are_sorted() {
    for kind in KINDS {
        assert!(kind.features.is_sorted(), "{}", kind.triple);
        let all: Vec<_> = kind.features.iter().map(|(name, _)| *name).collect();
        let text = format!("{}+{}", kind.triple, all.join("+"));
        let target: Target = text.parse().unwrap();
        assert_eq!(target.flags().count(), kind.features.len());
    }
}

#[test]
fn one_machine_has_one_name() {
    for text in [
        "",
        "x86_64",
        "x86_64-unknown-linux-gnu",
        "x86_64-unknown-linux-musl+",
        "x86_64-unknown-linux-musl+avx3",
        "x86_64-unknown-linux-musl+avx2+avx",
        "x86_64-unknown-linux-musl+avx+avx",
        "x86_64-unknown-linux-musl+lse",
        "aarch64-unknown-linux-musl+avx",
        "+avx",
    ] {
        assert!(text.parse::<Target>().is_err(), "{text}");
    }
}
