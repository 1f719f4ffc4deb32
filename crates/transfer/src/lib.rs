//! Files between contexts: a service that reads and writes what a [`files::Registry`] offers, and its client.
//!
//! Content travels as a byte stream with credit, which gives way to messages on every link, so that whatever its size it
//! takes bounded memory on every hop and delays no call. Its digest is checked before a file takes its place, and a
//! transfer that broke off goes on where it was.
//!
//! To read, the client makes a receiver and calls `read` with its address: the service sends the file there. To write, it
//! calls `write`, and is told at a receiver of its own where to send the file. Either way the call lasts as long as the
//! transfer: whoever drops it has given the file up, and the service holds nothing for anybody whose call has ended.

#![forbid(unsafe_code)]

mod bounds;
mod client;
mod message;
mod path;
mod pump;
mod service;

pub use client::{Client, TransferError};
pub use files::{Access, Metadata, Plan, Reader, Registry, Wanted, Writer};
pub use service::{Shared, service};

/// The name of the service.
pub const NAME: &str = "files";

/// What may be on its way of one file, in bytes: enough for 200 MB/s over a link whose round trip takes 10 ms.
const WINDOW: u64 = 2 << 20;

#[cfg(test)]
mod tests;
