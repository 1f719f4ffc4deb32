//! The writing end of a channel.

use super::MAX_WINDOW;
use crate::lane::Kind;
use crate::{Broker, IO_SIZE};
use bytes::Bytes;
use proto::flow::{Allowance, cost};
use proto::message::{Address, Dead, DeadReason};
use proto::router::Input;
use proto::{Body, BodyError, Flags, Handle};
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The writing end of a channel that carries messages. Dropped without [`finish`](Self::finish) it tells the receiver
/// that something is missing.
#[derive(Debug)]
pub struct Sender {
    outlet: Outlet,
}

/// The writing end of a channel that carries bytes, which give way to messages. Else as [`Sender`].
#[derive(Debug)]
pub struct ByteSender {
    outlet: Outlet,
}

/// What both have in common.
#[derive(Debug)]
struct Outlet {
    broker: Broker,
    to: Address,
    handle: Handle,
    outbox: Arc<Outbox>,
    /// Of all that it sends.
    flags: Flags,
    finished: bool,
}

/// What a sender is told.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    allowance: Allowance,
    ended: Option<Dead>,
}

impl Outbox {
    pub(crate) fn grant(&self, bytes: u64) {
        self.lock().allowance.grant(bytes, MAX_WINDOW);
        self.changed.notify_one();
    }

    fn spend(&self, price: u64) {
        self.lock().allowance.spend(price);
    }

    pub(crate) fn end(&self, why: Dead) {
        self.lock().ended = Some(why);
        self.changed.notify_one();
    }

    fn ended(&self) -> Option<Dead> {
        self.lock().ended.clone()
    }

    /// Waits until nobody receives any more.
    async fn over(&self) -> Dead {
        loop {
            if let Some(why) = self.ended() {
                return why;
            }
            self.changed.notified().await;
        }
    }

    /// Waits until something may be sent.
    async fn allowed(&self) -> Result<(), Dead> {
        loop {
            {
                let state = self.lock();
                if let Some(why) = &state.ended {
                    return Err(why.clone());
                }
                if state.allowance.is_left() {
                    return Ok(());
                }
            }
            // What changed in between has left a permit; there is one sender.
            self.changed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Broker {
    /// A sender of messages to a receiver elsewhere.
    ///
    /// # Errors
    /// If no way leads to its context.
    pub fn sender(&self, to: Address) -> Result<Sender, Dead> {
        let outlet = self.outlet(to, Flags::NONE)?;
        Ok(Sender { outlet })
    }

    /// A sender of bytes to a receiver elsewhere.
    ///
    /// # Errors
    /// If no way leads to its context.
    pub fn byte_sender(&self, to: Address) -> Result<ByteSender, Dead> {
        let outlet = self.outlet(to, Flags::BULK)?;
        Ok(ByteSender { outlet })
    }

    fn outlet(&self, to: Address, flags: Flags) -> Result<Outlet, Dead> {
        let outbox = Arc::new(Outbox::default());
        let mut core = self.lock();
        let handle = core.router.open(to)?;
        core.outboxes.insert(handle, outbox.clone());
        drop(core);
        Ok(Outlet {
            broker: self.clone(),
            to,
            handle,
            outbox,
            flags,
            finished: false,
        })
    }
}

impl Sender {
    /// Sends a message. Waits as long as the receiver has no room for it.
    ///
    /// # Errors
    /// If it is too large, or nobody receives it any more.
    pub async fn send(&mut self, message: &impl Serialize) -> Result<(), Dead> {
        let broker = &self.outlet.broker;
        let body = Body::new(message).map_err(|error| broker.malformed(&error))?;
        self.send_body(body).await
    }

    /// The same of one that is encoded already. It must not be empty.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_body(&mut self, body: Body) -> Result<(), Dead> {
        if body.bytes().is_empty() {
            // It would be taken for the end.
            return Err(self
                .outlet
                .broker
                .malformed(&BodyError::Cbor("nothing".to_owned())));
        }
        let body = self.outlet.broker.packed(body)?;
        self.outlet.send(Kind::Message, body).await
    }

    /// Waits until nobody receives any more, and says why. Dropping the future loses nothing.
    pub async fn over(&mut self) -> Dead {
        self.outlet.outbox.over().await
    }

    /// Says that this was all. The receiver takes what is on its way before it learns this.
    ///
    /// # Errors
    /// If nobody receives it any more.
    pub async fn finish(mut self) -> Result<(), Dead> {
        self.outlet.finish(Kind::Message).await
    }

    /// Says that there will be no more, and why.
    pub fn abort(mut self, why: &Dead) {
        self.outlet.abort(why);
    }
}

impl ByteSender {
    /// Sends bytes, in pieces. Waits as long as the receiver has no room for them.
    ///
    /// # Errors
    /// If nobody receives them any more.
    pub async fn send(&mut self, bytes: Bytes) -> Result<(), Dead> {
        for start in (0..bytes.len()).step_by(IO_SIZE) {
            let end = bytes.len().min(start + IO_SIZE);
            let body = Body::raw(Flags::BULK, bytes.slice(start..end));
            self.outlet.send(Kind::Bulk, body).await?;
        }
        Ok(())
    }

    /// Says that this was all.
    ///
    /// # Errors
    /// If nobody receives it any more.
    pub async fn finish(mut self) -> Result<(), Dead> {
        self.outlet.finish(Kind::Bulk).await
    }

    /// Says that there will be no more, and why.
    pub fn abort(mut self, why: &Dead) {
        self.outlet.abort(why);
    }
}

impl Outlet {
    async fn send(&self, kind: Kind, body: Body) -> Result<(), Dead> {
        self.outbox.allowed().await?;
        let price = cost(body.bytes().len());
        self.broker
            .when_room(self.to.context, kind, || {
                self.outbox.spend(price);
                let sender = self.handle;
                self.broker.drive(Input::Channel { sender, body });
            })
            .await;
        self.outbox.ended().map_or(Ok(()), Err)
    }

    async fn finish(&mut self, kind: Kind) -> Result<(), Dead> {
        let sent = self.send(kind, Body::raw(self.flags, Bytes::new())).await;
        self.finished = sent.is_ok();
        sent
    }

    fn abort(&mut self, why: &Dead) {
        self.finished = true;
        self.broker.say_over(self.to, self.handle, why, self.flags);
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        match self.outbox.ended() {
            _ if self.finished => {}
            None => self.abort(&self.broker.dead(DeadReason::Closed)),
            // The receiver remembers whom it has refused, up to this word.
            Some(why) if matches!(why.reason, DeadReason::Quota | DeadReason::Overrun) => {
                self.abort(&why);
            }
            Some(_) => {}
        }
        let mut core = self.broker.lock();
        core.router.close(self.handle);
        core.outboxes.remove(&self.handle);
    }
}
