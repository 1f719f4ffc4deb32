//! Whole runs of the task on a machine in memory.

use guest_sdk::system::{Address, Info, Mount};
use guest_sdk::testing::Machine;

use super::{Family, Group, Mode, Params, Report, run};

fn info() -> Info {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let address = |address: &str| Address {
        interface: "eth0".to_owned(),
        address: address.to_owned(),
    };
    Info {
        hostname: "web1".to_owned(),
        kernel: "Linux".to_owned(),
        kernel_release: "6.1.0".to_owned(),
        kernel_version: "#1 SMP".to_owned(),
        machine: "x86_64".to_owned(),
        os_release: vec![
            pair("ID", "debian"),
            pair("VERSION_ID", "12"),
            pair("VERSION_CODENAME", "bookworm"),
            pair("PRETTY_NAME", "Debian GNU/Linux 12 (bookworm)"),
        ],
        cpus: 4,
        memory_bytes: 1 << 30,
        swap_bytes: 0,
        uptime_seconds: 60,
        uid: 0,
        user: Some("root".to_owned()),
        addresses: vec![
            address("10.0.0.7/24"),
            address("fe80::1/64"),
            address("nonsense"),
        ],
        mounts: vec![Mount {
            device: "/dev/sda1".to_owned(),
            path: "/".to_owned(),
            filesystem: "ext4".to_owned(),
            size_bytes: 2,
            available_bytes: 1,
        }],
    }
}

fn facts(filter: Option<Vec<Group>>) -> Report {
    let mut machine = Machine::new().with_info(info());
    machine
        .run(Mode::Check, || run(Params { filter }, Mode::Check))
        .expect("facts do not fail")
}

#[test]
fn all_facts_are_there_unless_filtered() {
    let facts = facts(None);
    assert!(!facts.outcome.changed);
    assert_eq!(
        facts.outcome.summary,
        "Debian GNU/Linux 12 (bookworm), x86_64"
    );
    assert_eq!((facts.hostname.as_str(), facts.cpus), ("web1", 4));
    assert_eq!(
        facts.os.map(|os| (os.family, os.version)),
        Some(("debian".to_owned(), "12".to_owned()))
    );
    assert_eq!(
        facts.kernel.map(|kernel| kernel.release).as_deref(),
        Some("6.1.0")
    );
    assert_eq!(
        facts.user.and_then(|user| user.name).as_deref(),
        Some("root")
    );
    assert_eq!(facts.mounts.map(|mounts| mounts.len()), Some(1));
}

#[test]
fn addresses_are_taken_apart_and_nonsense_left_out() {
    let addresses = facts(None).addresses.expect("nothing is filtered");
    let parts: Vec<_> = addresses
        .iter()
        .map(|found| (found.family, found.address.as_str(), found.prefix))
        .collect();
    assert_eq!(
        parts,
        [
            (Family::Ipv4, "10.0.0.7", 24),
            (Family::Ipv6, "fe80::1", 64)
        ]
    );
}

#[test]
fn a_filter_leaves_the_other_groups_out() {
    let facts = facts(Some(vec![Group::Kernel]));
    assert!(facts.kernel.is_some());
    assert_eq!(
        (facts.os, facts.user, facts.addresses, facts.mounts),
        (None, None, None, None)
    );
    assert_eq!(facts.outcome.summary, "Linux, x86_64");
    assert_eq!(facts.machine, "x86_64");
}
