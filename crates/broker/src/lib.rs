//! Drives the protocol over streams of bytes with tokio.
//!
//! The way of a message in: [`link`] reads bytes and cuts frames, the router of `proto` decides,
//! [`Broker`] obeys: a reply wakes its request, a call goes to the executor, any other message goes
//! to the context's [`Receive`]. The way out: a request or an outcome enters the router, which names
//! a link; its [`queue`] is written by the link's writer, control before bulk.
//!
//! It never sees wasmtime: execution arrives as the trait object [`Execute`], and runs on a runtime of
//! its own, so that a guest that spins delays no route. Only a call that most likely ends at once begins on the thread that
//! read it, for a millisecond or two.

#![forbid(unsafe_code)]

mod broker;
mod core;
mod execute;
mod lane;
mod link;
mod queue;
mod send;
pub mod stream;
pub mod transfer;

#[cfg(test)]
mod tests;

pub use broker::{Broker, Link, Settings};

use async_trait::async_trait;
use bytes::Bytes;
use proto::ContextId;
use proto::message::{Call, Outcome};
use proto::router::Message;

/// Reads and writes are of this size, in bytes, as are the chunks of bulk data.
pub const IO_SIZE: usize = 128 << 10;

/// Executes the calls that reach this context.
#[async_trait]
pub trait Execute: Send + Sync {
    /// Runs one call to its end. Dropping the future cancels it.
    async fn execute(&self, from: ContextId, call: Call, arguments: Bytes) -> Outcome;

    /// Does this call most likely end at once, without waiting for anything? It then begins on the thread that
    /// read it, which spares two changes of threads. If it has to wait it goes on where all others run.
    fn is_quick(&self, _call: &Call) -> bool {
        false
    }
}

/// Takes the messages that are neither calls nor replies.
pub trait Receive: Send + Sync {
    /// Takes one. It is called by the reader of the link that the message came from: what takes long
    /// must be spawned, and what blocks slows that one sender.
    fn receive(&self, broker: &Broker, message: Message);
}
