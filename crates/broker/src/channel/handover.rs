//! A stream as a part of a value: what travels is a number, by which the one who gets it reads what the other writes.
//!
//! The number is the handle of a receiver at the writer. The reader sends there where it wants to have what is written, and
//! keeps that channel: as long as it is open somebody reads.

use super::{ByteSender, Item, Receiver, Sender, WINDOW};
use crate::Broker;
use proto::message::{Address, Dead, DeadReason};
use proto::router::Accept;
use proto::{ContextId, Handle, Limits};

/// The length of what a reader says: a number.
const ASKED: Limits = Limits { max_body: 64 };

/// The writing end of a stream that nobody has asked for yet. Dropped, there is nothing by its number.
#[derive(Debug)]
pub struct Offer {
    receiver: Receiver,
}

/// The writing end of a stream that somebody reads. Whoever has written all keeps it until the reader [has left](Self::left): that
/// it is dropped may be known there before what was written has come.
#[derive(Debug)]
pub struct Taken {
    broker: Broker,
    to: Address,
    /// Says when nobody reads any more.
    reading: Receiver,
    left: bool,
}

/// The reading end of a stream. Dropped, its writer learns it.
#[derive(Debug)]
pub struct Intake {
    receiver: Receiver,
    /// Says when nobody writes any more.
    reading: Sender,
}

impl Broker {
    /// Offers a stream to another context.
    #[must_use]
    pub fn offer(&self, reader: ContextId) -> Offer {
        Offer {
            receiver: self.receiver(Accept::Context(reader), 0),
        }
    }

    /// Asks for the stream that another context has offered by this number.
    ///
    /// # Errors
    /// If there is no such stream as far as is known here. That the writer has none is what comes of it.
    pub async fn take(&self, writer: ContextId, number: u64) -> Result<Intake, Dead> {
        let handle = u32::try_from(number).ok().map(Handle);
        let handle = handle.filter(|handle| handle.is_dynamic());
        let handle = handle.ok_or_else(|| self.dead(DeadReason::InvalidHandle))?;
        let receiver = self.receiver(Accept::Context(writer), WINDOW);
        let mut reading = self.sender(Address {
            context: writer,
            handle,
        })?;
        reading.send(&receiver.address().handle).await?;
        Ok(Intake { receiver, reading })
    }
}

impl Offer {
    /// By what number the stream is asked for.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.receiver.address().handle.0.into()
    }

    /// Waits until it is asked for.
    ///
    /// # Errors
    /// If that will not happen: the reader is gone.
    pub async fn taken(mut self, broker: &Broker) -> Result<Taken, Dead> {
        let received = self.receiver.next().await;
        let handle = match received.item {
            Item::Message(body) => body
                .decode::<Handle>(ASKED)
                .map_err(|error| broker.malformed(&error))?,
            Item::Dead(dead) => return Err(dead),
            Item::Bytes(_) | Item::End => return Err(broker.dead(DeadReason::Closed)),
        };
        Ok(Taken {
            broker: broker.clone(),
            to: Address {
                context: received.from,
                handle,
            },
            reading: self.receiver,
            left: false,
        })
    }
}

impl Taken {
    /// A sender of bytes to the reader.
    ///
    /// # Errors
    /// If no way leads to it any more.
    pub fn bytes(&self) -> Result<ByteSender, Dead> {
        self.broker.byte_sender(self.to)
    }

    /// A sender of messages to the reader.
    ///
    /// # Errors
    /// If no way leads to it any more.
    pub fn messages(&self) -> Result<Sender, Dead> {
        self.broker.sender(self.to)
    }

    /// Resolves once nobody reads any more.
    pub async fn left(&mut self) {
        if !self.left {
            // Whatever comes: a reader that says anything else has nothing more to say, either.
            self.reading.next().await;
            self.left = true;
        }
    }
}

impl Intake {
    /// Waits for the next thing that comes. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Item {
        tokio::select! {
            biased;
            received = self.receiver.next() => received.item,
            dead = self.reading.over() => Item::Dead(dead),
        }
    }
}
