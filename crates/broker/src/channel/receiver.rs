//! The reading end of a channel.

use super::Inbox;
use crate::Broker;
use bytes::Bytes;
use proto::message::{Address, Credit, Dead, DeadReason};
use proto::router::{Accept, Input};
use proto::{Body, ContextId, Flags, Handle};
use std::sync::Arc;
use tokio::task::AbortHandle;

/// The reading end of a channel: a queue in this context, with an address at which others can send to it.
#[derive(Debug)]
pub struct Receiver {
    broker: Broker,
    handle: Handle,
    inbox: Arc<Inbox>,
    /// Asks whether the one context that may send is there, if it is neither above nor below.
    asking: Option<AbortHandle>,
}

/// Something that came to a receiver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// The context that sent it.
    pub from: ContextId,
    /// Which of its senders: a number that means nothing but that.
    pub sender: Handle,
    /// What came.
    pub item: Item,
    pub(super) cost: u64,
}

/// What can come to a receiver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// A message.
    Message(Body),
    /// The next piece of a byte stream. Never empty.
    Bytes(Bytes),
    /// This sender has sent all that it had.
    End,
    /// This sender is gone without having said that this was all.
    Dead(Dead),
}

impl Received {
    pub(super) fn new(from: ContextId, sender: Handle, item: Item, cost: u64) -> Self {
        Self {
            from,
            sender,
            item,
            cost,
        }
    }
}

impl Broker {
    /// Makes a receiver for what these contexts send. Each of their senders may have `window` bytes on the way, at
    /// least 256 KiB and at most [`MAX_WINDOW`](crate::MAX_WINDOW). One for a context that is gone, or that may not send
    /// here, has that to say at once.
    #[must_use]
    pub fn receiver(&self, accept: Accept, window: u64) -> Receiver {
        let inbox = Inbox::new(accept, window);
        let (handle, elsewhere) = {
            let mut core = self.lock();
            let handle = core.router.listen(accept);
            let mut elsewhere = None;
            if let Accept::Context(only) = accept {
                let towards = core.router.towards(only);
                if towards.is_none() {
                    // Nobody would say later that a context is gone which is not there now.
                    let none = self.dead(DeadReason::NoRoute(only));
                    inbox.gone(|context| context == only, &none);
                } else if towards == core.router.parent() && !self.shared.above.contains(&only) {
                    elsewhere = Some(only);
                }
            }
            core.inboxes.insert(handle, inbox.clone());
            (handle, elsewhere)
        };
        let asking = elsewhere.map(|only| self.ask_for(only, inbox.clone()));
        Receiver {
            broker: self.clone(),
            handle,
            inbox,
            asking,
        }
    }

    /// Asks a context elsewhere whether it is there. All on the way note that somebody here wants to know when it goes,
    /// and say so if it is gone already.
    fn ask_for(&self, only: ContextId, inbox: Arc<Inbox>) -> AbortHandle {
        let broker = self.clone();
        let asking = self.shared.io.spawn(async move {
            let asked = broker.ask(only, Handle::PING, Body::empty(), None);
            if let Err(dead) = asked.await {
                inbox.gone(|context| context == only, &dead);
            }
        });
        asking.abort_handle()
    }
}

impl Receiver {
    /// Where others can send to it. Plain data, to be given to them in a message.
    #[must_use]
    pub fn address(&self) -> Address {
        Address {
            context: self.broker.me(),
            handle: self.handle,
        }
    }

    /// Waits for the next thing that comes. Dropping the future loses nothing. Waits for ever if nobody sends: whoever
    /// expects something of one context makes the receiver for that one, and learns here if it is gone.
    pub async fn next(&mut self) -> Received {
        let (received, grant) = self.inbox.take().await;
        self.grant(&received, grant);
        received
    }

    /// The next thing, if it is here.
    pub fn try_next(&mut self) -> Option<Received> {
        let (received, grant) = self.inbox.try_take()?;
        self.grant(&received, grant);
        Some(received)
    }

    /// Resolves when something may have come. If it is dropped the next one resolves instead.
    pub(super) async fn filled(&self) {
        self.inbox.filled().await;
    }

    fn grant(&self, received: &Received, grant: Option<u64>) {
        if let Some(bytes) = grant {
            let credit = Credit {
                sender: received.sender,
                bytes,
            };
            // Two numbers can always be written as CBOR.
            if let Ok(body) = Body::new(&credit) {
                self.broker
                    .tell(received.from, Handle::CREDIT, Handle::NONE, body);
            }
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(asking) = &self.asking {
            asking.abort();
        }
        {
            let mut core = self.broker.lock();
            core.router.close(self.handle);
            core.inboxes.remove(&self.handle);
        }
        let dead = self.broker.dead(DeadReason::Closed);
        for (context, sender) in self.inbox.senders() {
            self.broker.say_dead(context, sender, &dead);
        }
    }
}

impl Broker {
    /// Sends what nobody waits to send.
    pub(crate) fn tell(&self, to: ContextId, handle: Handle, reply_to: Handle, body: Body) {
        self.drive(Input::Post {
            to,
            handle,
            reply_to,
            body,
        });
    }

    /// Tells a receiver that one of the senders here is over, and why. Its own handle names it, behind the reason.
    /// It travels as what went before, so that nothing of that comes behind it.
    pub(super) fn say_over(&self, to: Address, sender: Handle, why: &Dead, flags: Flags) {
        if let Ok(body) = Body::with_tail(why, &sender.0.to_be_bytes())
            && to.handle.is_dynamic()
        {
            let body = Body::raw(flags, body.bytes().clone());
            self.tell(to.context, to.handle, Handle::IS_DEAD, body);
        }
    }

    /// Tells whoever waits at a handle that nothing will come.
    pub(crate) fn say_dead(&self, to: ContextId, handle: Handle, dead: &Dead) {
        if let Ok(body) = Body::new(dead)
            && handle.is_dynamic()
        {
            self.tell(to, handle, Handle::IS_DEAD, body);
        }
    }
}
