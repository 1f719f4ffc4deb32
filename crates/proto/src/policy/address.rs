//! Where on the network: a number or a name, and a port.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// The longest name of a host, and the longest of its labels.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// An address of the network, as text on the wire: serde's other forms of an address lose the scope of `[fe80::1%2]:80`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Address {
    /// `127.0.0.1:80`
    Number(SocketAddr),
    /// `db.internal:5432`: whatever addresses the host's name has where the call is executed, when it begins.
    Name(String, u16),
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
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        let (name, port) = text.rsplit_once(':').ok_or(ParseAddressError)?;
        let name = Self::normal_name(name).ok_or(ParseAddressError)?;
        // `+80` is a number to the standard library.
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        match port.parse() {
            Ok(port) if digits => Ok(Self::Name(name, port)),
            _ => Err(ParseAddressError),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
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
