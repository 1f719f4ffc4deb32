//! What a reference may look like.

use super::digest;
use crate::registry::{Reference, RegistryError};

fn parsed(text: &str) -> Reference {
    let parsed: Result<Reference, _> = text.parse();
    parsed.unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn each_part_is_found() {
    let text = format!("oci:ghcr.io:8443/acme/tasks/motd:1.2.0@{}", digest('a'));
    let reference = parsed(&text);
    assert_eq!(reference.host(), "ghcr.io:8443");
    assert_eq!(reference.repository(), "acme/tasks/motd");
    assert_eq!(reference.name(), "motd");
    assert_eq!(reference.tag(), Some("1.2.0"));
    assert_eq!(reference.digest().unwrap().as_str(), digest('a'));
    assert_eq!(reference.to_string(), text);
}

#[test]
fn both_spellings_are_one_and_a_missing_tag_is_the_latest() {
    let reference = parsed("oci://localhost:5000/motd");
    assert_eq!(reference, parsed("oci:localhost:5000/motd:latest"));
    assert_eq!(reference.to_string(), "oci:localhost:5000/motd:latest");
    let pinned = format!("oci:localhost/motd@{}", digest('0'));
    assert_eq!(parsed(&pinned).tag(), None);
    assert_eq!(parsed(&pinned).to_string(), pinned);
}

#[test]
fn only_this_machine_is_spoken_to_without_tls() {
    for here in [
        "localhost",
        "localhost:5000",
        "127.0.0.1:1",
        "127.9.9.9",
        "[::1]:5000",
        "[::1]",
    ] {
        assert!(parsed(&format!("oci:{here}/motd")).is_loopback(), "{here}");
    }
    for elsewhere in [
        "localhost.example.org",
        "127.0.0.1.example.org",
        "10.0.0.1",
        "[::2]:5000",
        "host:5000",
    ] {
        assert!(
            !parsed(&format!("oci:{elsewhere}/motd")).is_loopback(),
            "{elsewhere}"
        );
    }
}

#[test]
fn what_could_be_something_else_in_an_address_is_refused() {
    let long = format!("oci:localhost/{}", "a".repeat(256));
    let tag = format!("oci:localhost/motd:{}", "1".repeat(129));
    let digests = [
        format!("oci:localhost/motd@{}", digest('g')),
        format!("oci:localhost/motd@{}", digest('A')),
        format!("oci:localhost/motd@{}0", digest('a')),
        format!("oci:localhost/motd@sha512:{}", "a".repeat(128)),
    ];
    let fixed = [
        "registry.example.com/acme/motd",
        "oci:",
        "oci:motd",
        "oci:acme/motd",
        "oci:localhost/",
        "oci:localhost/Motd",
        "oci:localhost/../motd",
        "oci:localhost/a//b",
        "oci:localhost/a/./b",
        "oci:localhost/a..b",
        "oci:localhost/a___b",
        "oci:localhost/-a",
        "oci:localhost/a?b",
        "oci:localhost/a%2fb",
        "oci:localhost/motd:",
        "oci:localhost/motd:.1",
        "oci:localhost/motd:1/2",
        "oci:localhost/motd:1:2",
        "oci:localhost/motd@",
        "oci:user@localhost/motd",
        "oci:local host:5000/motd",
        "oci:localhost:/motd",
        "oci:localhost:+80/motd",
        "oci:localhost:65536/motd",
        "oci:[::1/motd",
        "oci:[localhost]/motd",
        "oci:a..b/motd",
        "oci:-a.org/motd",
        "oci:a.org\n/motd",
    ];
    for text in fixed
        .iter()
        .map(ToString::to_string)
        .chain(digests)
        .chain([long, tag])
    {
        let wrong: Result<Reference, _> = text.parse();
        assert!(
            matches!(wrong, Err(RegistryError::Reference { .. })),
            "{text}: {wrong:?}"
        );
    }
    for fine in ["oci:a.org/a_b__c-d---e.f/0", "oci:a.org/m:V1_.-"] {
        parsed(fine);
    }
}
