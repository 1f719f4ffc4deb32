//! What a call may reach on the network, and WASI's lookup of names.
//!
//! Granted names are looked up once, before the guest runs; what was found then is what it may reach, and what its own
//! lookups answer. For any other name they fail, so that no guest can tell somebody something by asking for it.

use crate::guest::Guest;
use proto::Policy;
use proto::policy::{Address, Grant, Host};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::vec;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddress, Network};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::p3::bindings::sockets::{ip_name_lookup as p3, types as p3_types};

/// Addresses that one name may stand for.
const MAX_ADDRESSES: usize = 64;

/// What the policy grants, in numbers.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    places: Vec<Place>,
    names: BTreeMap<String, Vec<IpAddr>>,
}

/// One address of a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    ip: IpAddr,
    /// The number of an interface, where the address needs one.
    scope: u32,
    /// None: all of them.
    port: Option<u16>,
}

impl Place {
    fn covers(&self, wanted: &SocketAddr) -> bool {
        self.ip == wanted.ip()
            && self.scope == scope(wanted)
            && self.port.is_none_or(|port| port == wanted.port())
    }
}

fn scope(address: &SocketAddr) -> u32 {
    match address {
        SocketAddr::V4(_) => 0,
        SocketAddr::V6(address) => address.scope_id(),
    }
}

impl Reach {
    /// Looks up what the policy names. Blocks where it has names.
    pub(crate) fn of(policy: &Policy) -> Self {
        let mut reach = Self::default();
        for grant in &policy.grants {
            if let Grant::Net(Address { host, port }) = grant {
                reach.add(host, *port);
            }
        }
        reach
    }

    fn add(&mut self, host: &Host, port: Option<u16>) {
        let name = match host {
            Host::Number(ip, scope) => {
                let (ip, scope) = (*ip, *scope);
                return self.places.push(Place { ip, scope, port });
            }
            Host::Name(name) => name,
        };
        // A name that has no address grants nothing; the guest's own lookup tells it so.
        let found = (name.as_str(), 0).to_socket_addrs();
        let found: Vec<_> = found.into_iter().flatten().take(MAX_ADDRESSES).collect();
        let known = self.names.entry(name.clone()).or_default();
        for address in found {
            let (ip, scope) = (address.ip(), scope(&address));
            if !known.contains(&ip) {
                known.push(ip);
            }
            self.places.push(Place { ip, scope, port });
        }
    }

    /// Is nothing of the network granted?
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// May this address be connected to, or bound?
    pub(crate) fn covers(&self, address: &SocketAddr) -> bool {
        self.places.iter().any(|place| place.covers(address))
    }

    /// What of a host's addresses may be connected to at this port.
    pub(crate) fn destinations(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        let found = self.lookup(host).unwrap_or_default().into_iter();
        found
            .map(|address| SocketAddr::new(address, port))
            .filter(|address| self.covers(address))
            .collect()
    }

    /// The answer to a lookup. What is a number already needs none.
    fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, Refusal> {
        if let Ok(number) = name.parse() {
            return Ok(vec![number]);
        }
        let name = Address::normal_name(name).ok_or(Refusal::Invalid)?;
        match self.names.get(&name) {
            None => Err(Refusal::Denied),
            Some(found) if found.is_empty() => Err(Refusal::Unknown),
            Some(found) => Ok(found.clone()),
        }
    }
}

/// Why a lookup has no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    /// It is no name.
    Invalid,
    /// It is not granted.
    Denied,
    /// It has no address.
    Unknown,
}

impl From<Refusal> for ErrorCode {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid => Self::InvalidArgument,
            Refusal::Denied => Self::AccessDenied,
            Refusal::Unknown => Self::NameUnresolvable,
        }
    }
}

impl From<Refusal> for p3::ErrorCode {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid => Self::InvalidArgument,
            Refusal::Denied => Self::AccessDenied,
            Refusal::Unknown => Self::NameUnresolvable,
        }
    }
}

/// What WASI 0.2 calls a `resolve-address-stream`: it waits for nothing.
struct Found(vec::IntoIter<IpAddr>);

#[wasmtime_wasi::async_trait]
impl Pollable for Found {
    async fn ready(&mut self) {}
}

/// Takes the place of WASI 0.2's own lookup in a linker that has it.
pub(crate) fn replace_lookup(linker: &mut Linker<Guest>) -> Result<()> {
    linker.allow_shadowing(true);
    let mut lookup = linker.instance("wasi:sockets/ip-name-lookup@0.2.12")?;
    lookup.resource(
        "resolve-address-stream",
        ResourceType::host::<Found>(),
        |mut store: StoreContextMut<'_, Guest>, rep| {
            let found = Resource::<Found>::new_own(rep);
            store.data_mut().ctx().table.delete(found)?;
            Ok(())
        },
    )?;
    lookup.func_wrap(
        "resolve-addresses",
        |mut store: StoreContextMut<'_, Guest>, (_, name): (Resource<Network>, String)| {
            let found = match store.data().reach.lookup(&name) {
                Ok(found) => Found(found.into_iter()),
                Err(refusal) => return Ok((Err(ErrorCode::from(refusal)),)),
            };
            Ok((Ok(store.data_mut().ctx().table.push(found)?),))
        },
    )?;
    lookup.func_wrap(
        "[method]resolve-address-stream.resolve-next-address",
        |mut store: StoreContextMut<'_, Guest>, (found,): (Resource<Found>,)| {
            let found = store.data_mut().ctx().table.get_mut(&found)?;
            let next: Result<_, ErrorCode> = Ok(found.0.next().map(IpAddress::from));
            Ok((next,))
        },
    )?;
    lookup.func_wrap(
        "[method]resolve-address-stream.subscribe",
        |mut store: StoreContextMut<'_, Guest>, (found,): (Resource<Found>,)| {
            let pollable: Resource<DynPollable> = subscribe(store.data_mut().ctx().table, found)?;
            Ok((pollable,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// The same for WASI 0.3.
pub(crate) fn replace_lookup_p3(linker: &mut Linker<Guest>) -> Result<()> {
    linker.allow_shadowing(true);
    let mut lookup = linker.instance("wasi:sockets/ip-name-lookup@0.3.0")?;
    lookup.func_wrap_concurrent("resolve-addresses", |store, (name,): (String,)| {
        Box::pin(async move {
            let found = store.with(|mut store| store.get().reach.lookup(&name));
            let found = found.map_err(p3::ErrorCode::from).map(|found| {
                let addresses = found.into_iter().map(p3_types::IpAddress::from);
                addresses.collect::<Vec<_>>()
            });
            Ok((found,))
        })
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

#[cfg(test)]
mod tests;
