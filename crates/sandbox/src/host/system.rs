//! `zymogen:task/system`: what machine this is.

use super::bindings::zymogen::task::system::{Address, Host, Info, Mount};
use super::blocking::blocking;
use super::names;
use crate::guest::{Denied, Guest};
use proto::policy::Grant;
use std::fs;
use std::net::Ipv6Addr;
use wasmtime::Result;

impl Host for Guest {
    async fn read(&mut self) -> Result<Info> {
        self.needs_system()?;
        blocking(|_| info()).await
    }
}

impl Guest {
    /// Ends the guest unless it may know what machine this is.
    pub(super) fn needs_system(&self) -> Result<()> {
        if self.policy.grants.contains(&Grant::System) {
            return Ok(());
        }
        let granted = self.policy.summary();
        let why = format!("to read facts about the system; granted: {granted}");
        Err(wasmtime::Error::new(Denied(why)))
    }
}

fn info() -> Info {
    let uname = rustix::system::uname();
    let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let system = rustix::system::sysinfo();
    let unit = u64::from(system.mem_unit);
    let uid = rustix::process::geteuid().as_raw();
    Info {
        hostname: text(uname.nodename()),
        kernel: text(uname.sysname()),
        kernel_release: text(uname.release()),
        kernel_version: text(uname.version()),
        machine: text(uname.machine()),
        os_release: os_release(),
        cpus: std::thread::available_parallelism()
            .map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
        memory_bytes: system.totalram.saturating_mul(unit),
        swap_bytes: system.totalswap.saturating_mul(unit),
        uptime_seconds: u64::try_from(system.uptime).unwrap_or(0),
        uid,
        user: names::user_name(uid),
        addresses: addresses(),
        mounts: mounts(),
    }
}

/// The assignments of os-release(5), without their quotes.
fn os_release() -> Vec<(String, String)> {
    let text = fs::read_to_string("/etc/os-release")
        .or_else(|_| fs::read_to_string("/usr/lib/os-release"))
        .unwrap_or_default();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), unquoted(value)))
        .collect()
}

fn unquoted(value: &str) -> String {
    let inner = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    match inner('"').or_else(|| inner('\'')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\$", "$"),
        None => value.to_owned(),
    }
}

/// From /proc: the kernel's own interface for this, netlink, is not worth its code here.
fn addresses() -> Vec<Address> {
    let mut found = ipv4();
    found.extend(ipv6());
    found
}

/// /proc/net/fib_trie lists local addresses without their interface, so the routes of
/// /proc/net/route, which name it, are matched against them.
fn ipv4() -> Vec<Address> {
    let trie = fs::read_to_string("/proc/net/fib_trie").unwrap_or_default();
    let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let mut locals: Vec<std::net::Ipv4Addr> = Vec::new();
    let mut last = None;
    for line in trie.lines() {
        let line = line.trim();
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line.starts_with("/32 host LOCAL")
            && let Some(address) = last
            && !locals.contains(&address)
        {
            locals.push(address);
        }
    }
    let networks: Vec<_> = routes.lines().skip(1).filter_map(route).collect();
    locals
        .into_iter()
        .map(|local| {
            let bits = u32::from(local);
            let network = networks
                .iter()
                .filter(|(_, network, mask)| *mask != 0 && bits & mask == *network)
                .max_by_key(|(_, _, mask)| *mask);
            match network {
                _ if local.is_loopback() => address("lo", local, 8),
                Some((name, _, mask)) => address(name, local, mask.count_ones()),
                None => address("", local, 32),
            }
        })
        .collect()
}

/// Interface, network and mask of a line of /proc/net/route; the numbers are in the order of the
/// machine's bytes.
fn route(line: &str) -> Option<(String, u32, u32)> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let number = |index: usize| {
        let hex = fields.get(index)?;
        u32::from_str_radix(hex, 16)
            .ok()
            .map(|number| u32::from_be_bytes(number.to_ne_bytes()))
    };
    Some(((*fields.first()?).to_owned(), number(1)?, number(7)?))
}

fn ipv6() -> Vec<Address> {
    let text = fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let bits = u128::from_str_radix(fields.first()?, 16).ok()?;
            let prefix = u32::from_str_radix(fields.get(2)?, 16).ok()?;
            Some(address(fields.get(5)?, Ipv6Addr::from(bits), prefix))
        })
        .collect()
}

fn address(interface: &str, address: impl std::fmt::Display, prefix: u32) -> Address {
    Address {
        interface: interface.to_owned(),
        address: format!("{address}/{prefix}"),
    }
}

/// File systems that hold data, once each.
fn mounts() -> Vec<Mount> {
    let text = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut found: Vec<Mount> = Vec::new();
    for line in text.lines() {
        let mut fields = line.split(' ').map(unescaped);
        let (Some(device), Some(path), Some(filesystem)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        // A network file system whose server is gone would block the question for ever.
        if !device.starts_with("/dev/") || found.iter().any(|mount| mount.device == device) {
            continue;
        }
        let Ok(space) = rustix::fs::statvfs(&path) else {
            continue;
        };
        found.push(Mount {
            device,
            path,
            filesystem,
            size_bytes: space.f_blocks.saturating_mul(space.f_frsize),
            available_bytes: space.f_bavail.saturating_mul(space.f_frsize),
        });
    }
    found
}

/// /proc/self/mounts writes blanks as octal escapes.
fn unescaped(field: &str) -> String {
    field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}
