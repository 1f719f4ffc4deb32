//! Where on the network: a number or a name, and a port.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The longest name of a host, and the longest of its labels.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// An address of the network, as text on the wire: serde's other forms of an address lose the scope of `[fe80::1%2]:80`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Address {
    /// The machine.
    pub host: Host,
    /// The port there, of TCP and UDP. None, `*`: all of them.
    pub port: Option<u16>,
}

/// A machine of the network.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Host {
    /// `127.0.0.1`, `[::1]`, or with the number of an interface `[fe80::1%2]`; for the others that is 0.
    Number(IpAddr, u32),
    /// `db.internal`: whatever addresses the name has where the call is executed, when it begins.
    Name(String),
}

/// A text that is no address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected HOST:PORT")]
pub struct ParseAddressError;

impl Address {
    /// The one form in which names are granted and asked for: lower case, without a dot at the end. None for what
    /// cannot be the name of a host, or could be a number.
    #[must_use]
    pub fn normal_name(text: &str) -> Option<String> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_label = |label: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            (1..=MAX_LABEL).contains(&label.len())
                && label.bytes().all(plain)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let last = name.rsplit('.').next()?;
        // `127.1` and `0x7f000001` are addresses to a resolver.
        let is_number = last.starts_with(|first: char| first.is_ascii_digit());
        (name.len() <= MAX_NAME && name.split('.').all(is_label) && !is_number).then_some(name)
    }
}

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or(ParseAddressError)?;
        let port = match port {
            "*" => None,
            // `+80` is a number to the standard library.
            port if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(port.parse().map_err(|_| ParseAddressError)?)
            }
            _ => return Err(ParseAddressError),
        };
        // The standard library reads numbers in brackets only with their port.
        let host = match format!("{host}:0").parse() {
            Ok(SocketAddr::V4(number)) => Host::Number((*number.ip()).into(), 0),
            Ok(SocketAddr::V6(number)) => Host::Number((*number.ip()).into(), number.scope_id()),
            Err(_) => Host::Name(Self::normal_name(host).ok_or(ParseAddressError)?),
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Number(IpAddr::V6(number), 0) => write!(f, "[{number}]:")?,
            Host::Number(IpAddr::V6(number), scope) => write!(f, "[{number}%{scope}]:")?,
            Host::Number(IpAddr::V4(number), _) => write!(f, "{number}:")?,
            Host::Name(name) => write!(f, "{name}:")?,
        }
        match self.port {
            Some(port) => port.fmt(f),
            None => f.write_str("*"),
        }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl TryFrom<String> for Address {
    type Error = ParseAddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
