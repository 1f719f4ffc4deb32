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

#[test]
fn a_granted_name_is_reached_at_its_port_alone() {
    let reach = reach(&["net:localhost:80", "net:192.0.2.1:443"]);
    let addresses: Vec<_> = reach.addresses().iter().map(ToString::to_string).collect();
    assert!(
        addresses.contains(&"127.0.0.1:80".to_owned()),
        "{addresses:?}"
    );
    assert!(addresses.contains(&"192.0.2.1:443".to_owned()));
    assert!(
        addresses
            .iter()
            .all(|address| address.ends_with(":80") || address == "192.0.2.1:443")
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
