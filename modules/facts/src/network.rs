//! The machine's addresses, taken apart.

use std::net::IpAddr;

use guest_sdk::{system, warn};

use crate::{Address, Family};

pub fn addresses(found: Vec<system::Address>) -> Vec<Address> {
    found.into_iter().filter_map(address).collect()
}

/// From `10.0.0.7/24`. What is not of this form is left out, with a warning: it says nothing to a plan.
fn address(found: system::Address) -> Option<Address> {
    let parts = found.address.split_once('/').and_then(|(address, prefix)| {
        Some((address.parse::<IpAddr>().ok()?, prefix.parse::<u8>().ok()?))
    });
    let Some((address, prefix)) = parts else {
        warn!(
            "{} has an address of unknown form: {}",
            found.interface, found.address
        );
        return None;
    };
    let family = if address.is_ipv4() {
        Family::Ipv4
    } else {
        Family::Ipv6
    };
    Some(Address {
        interface: found.interface,
        family,
        address: address.to_string(),
        prefix,
    })
}
