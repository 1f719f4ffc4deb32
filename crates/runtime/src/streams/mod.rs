//! Streams and futures between a guest and whoever called it.
//!
//! In the values of a call a stream is a number, and the [`Peer`] knows the way. What a guest writes is handed out as it comes, and no
//! faster than it is taken: a guest that waits in `stream.write` waits for whoever reads, wherever that is. The same holds the
//! other way round.
//!
//! | file | what |
//! |---|---|
//! | `outgoing` | what a guest writes: consumers, in wasmtime's words |
//! | `incoming` | what a guest reads: producers |
//! | `handles` | from a value's number to the one, and from the other to a number |
//! | `life` | how the guest has ended, for those who read what it wrote |

mod handles;
mod incoming;
mod life;
mod outgoing;

pub(crate) use handles::StreamHandles;
pub(crate) use life::Life;

use bytes::Bytes;
use proto::{ContextId, Handle};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Pieces that wait between a guest and the way to its peer. One is being sent while the next is made.
const WAITING: usize = 2;

/// The longest piece of bytes.
const PIECE: usize = 128 << 10;

/// The most values that are taken, or given, at once.
const VALUES: usize = 256;

/// What a stream carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carries {
    /// Bytes, as they are: it is a `stream<u8>`.
    Bytes,
    /// Values: each piece is one CBOR array of them.
    Values,
}

/// The writing end of what a guest reads, or the reading end of what it writes: pieces, none of them empty.
pub type Pieces = mpsc::Receiver<Bytes>;

/// What a guest writes.
pub struct Outgoing {
    /// What it has written, in order.
    pub pieces: Pieces,
    /// Why there are no more than these.
    pub end: End,
    /// Who has not asked for it by then does not want it.
    pub until: Instant,
}

/// How a stream ends, known once its last piece was taken. To be dropped with the pieces: a guest all of whose streams have lost their
/// readers is stopped.
pub struct End(life::Reading);

impl End {
    /// Nothing if the guest has ended it, else why it could not.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.0.failure()
    }
}

/// Whoever has called a guest, at the other end of its streams.
pub trait Peer: Send + Sync {
    /// Which context that is.
    fn context(&self) -> ContextId;

    /// Makes a way out, and gives its number, by which the peer will ask for it. Where `outgoing` is dropped the guest learns that
    /// nobody reads.
    fn write(&self, carries: Carries, outgoing: Outgoing) -> u64;

    /// Reads what the peer writes by this number. Where that fails in the middle the pieces end behind an error.
    fn read(&self, carries: Carries, number: u64) -> mpsc::Receiver<Result<Bytes, String>>;

    /// Carries a guest's standard output to the peer's receiver with this handle, and ends with the last sender. Where nobody receives it
    /// any more the channel is closed.
    fn print(&self, to: Handle) -> mpsc::Sender<Bytes>;
}

/// A peer without streams.
pub struct NoPeer;

impl Peer for NoPeer {
    fn context(&self) -> ContextId {
        ContextId::MASTER
    }

    fn write(&self, _: Carries, _: Outgoing) -> u64 {
        0
    }

    fn read(&self, _: Carries, _: u64) -> mpsc::Receiver<Result<Bytes, String>> {
        mpsc::channel(1).1
    }

    fn print(&self, _: Handle) -> mpsc::Sender<Bytes> {
        mpsc::channel(1).0
    }
}
