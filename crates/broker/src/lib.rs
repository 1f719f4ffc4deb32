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

mod backpressure;
mod broker;
mod chain;
mod channel;
pub mod content;
mod core;
mod execute;
mod inspect;
mod lane;
mod link;
mod pacing;
mod queue;
mod send;
mod service;
pub mod stream;
mod telling;

#[cfg(test)]
mod tests;

pub use broker::{Broker, Link, Settings, WeakBroker};
pub use channel::{
    ByteSender, Intake, Item, MAX_WINDOW, Offer, Received, Receiver, Select, Sender, Taken, WINDOW,
};
pub use service::{Allow, Caller, Failed, Service, ServiceError, Services};

use async_trait::async_trait;
use bytes::Bytes;
use proto::message::{Call, Dead, DeadReason, Outcome};
use proto::router::Message;
use proto::{Body, ContextId, Handle, LinkId};

/// Reads and writes are of this size, in bytes, as are the chunks of bulk data.
pub const IO_SIZE: usize = proto::MAX_BULK as usize;

/// Executes the calls that reach this context.
#[async_trait]
pub trait Execute: Send + Sync {
    /// Runs one call to its outcome. Dropping the future cancels it. The broker is the one that it came through, for the
    /// streams that lead back to the caller.
    async fn execute(
        &self,
        broker: &Broker,
        from: ContextId,
        call: Call,
        arguments: Bytes,
    ) -> Outcome;

    /// Does this call most likely end at once, without waiting for anything? It then begins on the thread that
    /// read it, which spares two changes of threads. If it has to wait it goes on where all others run.
    fn is_quick(&self, _call: &Call) -> bool {
        false
    }
}

/// Something happened in the tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A context has come below this one.
    Joined {
        /// Which.
        context: ContextId,
        /// Who started it.
        parent: ContextId,
    },
    /// Contexts are gone.
    Gone {
        /// Which.
        contexts: Vec<ContextId>,
        /// Why.
        why: Dead,
    },
    /// A child goes its own way: when its link goes down its process is to be left alone.
    Detaching {
        /// Which.
        context: ContextId,
    },
    /// The parent knows that this context leaves: the link to it can be closed.
    Detached {
        /// The link to the parent.
        link: LinkId,
    },
}

/// Takes the messages that are neither calls nor replies, and what else concerns a context as a whole.
#[async_trait]
pub trait Receive: Send + Sync {
    /// Takes a message. It is called by the reader of the link that the message came from: what takes long
    /// must be spawned, and what blocks slows that one sender.
    fn receive(&self, broker: &Broker, message: Message);

    /// Takes note of an event, in the order in which they happen. The same holds for it.
    fn event(&self, _broker: &Broker, _event: Event) {}

    /// Does what was asked for with LAUNCH or INSPECT, and gives the body of the reply. Dropping the future cancels it.
    ///
    /// # Errors
    /// If there will be no reply.
    async fn perform(
        &self,
        broker: &Broker,
        _caller: Caller,
        _handle: Handle,
        _body: Body,
    ) -> Result<Body, Dead> {
        Err(Dead {
            reason: DeadReason::InvalidHandle,
            at: broker.me(),
        })
    }
}
