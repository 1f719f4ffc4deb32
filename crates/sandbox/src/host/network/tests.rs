//! What names become.

use super::{Reach, Refusal};
use proto::Policy;
use std::net::IpAddr;

fn reach(grants: &[&str]) -> Reach {
    let grants = grants.iter().map(|text| text.parse().unwrap());
    Reach::of(&Policy {
        grants: grants.collect(),
    })
}

fn covers(reach: &Reach, address: &str) -> bool {
    reach.covers(&address.parse().unwrap())
}

#[test]
fn a_granted_name_is_reached_at_its_port_alone() {
    let reach = reach(&["net:localhost:80", "net:192.0.2.1:443"]);
    assert!(covers(&reach, "127.0.0.1:80"));
    assert!(covers(&reach, "192.0.2.1:443"));
    for other in [
        "127.0.0.1:81",
        "127.0.0.1:443",
        "127.0.0.2:80",
        "192.0.2.1:80",
    ] {
        assert!(!covers(&reach, other), "{other}");
    }
}

#[test]
fn a_star_stands_for_all_ports_of_its_host() {
    let reach = reach(&["net:192.0.2.1:*", "net:[fe80::1%2]:*", "net:localhost:*"]);
    for granted in [
        "192.0.2.1:0",
        "192.0.2.1:443",
        "[fe80::1%2]:65535",
        "127.0.0.1:1",
    ] {
        assert!(covers(&reach, granted), "{granted}");
    }
    for other in ["192.0.2.2:443", "[fe80::1]:1", "[fe80::1%3]:1"] {
        assert!(!covers(&reach, other), "{other}");
    }
    assert_eq!(
        reach.destinations("192.0.2.1", 8080),
        ["192.0.2.1:8080".parse().unwrap()]
    );
}

#[test]
fn only_granted_names_are_looked_up() {
    let reach = reach(&[
        "net:localhost:80",
        "net:localhost:81",
        "net:nobody.invalid:80",
    ]);
    let localhost: IpAddr = "127.0.0.1".parse().unwrap();
    let found = reach.lookup("LOCALHOST.").unwrap();
    assert_eq!(found.iter().filter(|found| **found == localhost).count(), 1);
    assert_eq!(reach.lookup("nobody.invalid"), Err(Refusal::Unknown));
    assert_eq!(reach.lookup("example.com"), Err(Refusal::Denied));
    assert_eq!(reach.lookup("a b"), Err(Refusal::Invalid));
    // Not a question to anybody.
    assert_eq!(reach.lookup("127.0.0.1"), Ok(vec![localhost]));
}
