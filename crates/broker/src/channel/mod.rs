//! Receivers and senders: queues with one reading end in one context, and writing ends wherever its address is known.
//!
//! What a sender may have on its way is bounded by credit (see [`proto::flow`]), so that a receiver that does not take
//! what comes costs its senders time, and nobody memory. A channel carries messages or, as a byte stream, bulk data that
//! gives way to messages on every link.

mod handover;
mod inbox;
mod receiver;
mod refused;
mod select;
mod sender;
mod senders;

pub use handover::{Intake, Offer, Taken};
pub(crate) use inbox::{Inbox, Told};
pub use receiver::{Item, Received, Receiver};
pub use select::Select;
pub(crate) use sender::Outbox;
pub use sender::{ByteSender, Sender};

/// What a receiver lets each of its senders have on the way, in bytes, unless it says otherwise: enough for a link of
/// 100 MB/s whose round trip takes 10 ms.
pub const WINDOW: u64 = 1 << 20;

/// The most that it may let each of them have on the way. A sender takes no larger grant: what is on the way waits in
/// the hops, which must not pay for a receiver that grants without end.
pub const MAX_WINDOW: u64 = 16 << 20;
