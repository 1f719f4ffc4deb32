//! Messages of guests for each other, which wait here for a receiver.

use super::super::context::Shared;
use super::ticket::Ticket;
use bytes::Bytes;
use proto::message::{ReceiveMessage, Refusal, SendMessage};
use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Channels that are in use at once.
const MAX_CHANNELS: usize = 256;

/// Bytes of messages that wait in one; a message that finds nothing before it may be longer.
const MAX_WAITING: usize = 1 << 20;

/// What a message counts beside its own bytes, so that nobody sends empty ones without end.
const EACH: usize = 64;

/// There are as many channels in use as there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{MAX_CHANNELS} channels are in use already")]
pub struct TooManyChannels;

/// Channels by name. Each is there as long as a message waits in it or somebody waits for one.
#[derive(Default)]
pub struct Channels {
    channels: Mutex<BTreeMap<String, Arc<Channel>>>,
}

#[derive(Default)]
struct Channel {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Default)]
struct Waiting {
    messages: VecDeque<Bytes>,
    bytes: usize,
}

/// Somebody who uses a channel.
struct User<'a> {
    channels: &'a Channels,
    name: &'a str,
    /// None only while it is dropped.
    channel: Option<Arc<Channel>>,
}

impl Channels {
    /// Sends a message. Waits while more than 1 MiB waits there.
    ///
    /// # Errors
    /// If there is no channel of this name and there are too many others.
    pub async fn send(&self, name: &str, message: Bytes) -> Result<(), TooManyChannels> {
        let user = self.user(name)?;
        let mut message = Some(message);
        user.when(|waiting| {
            let next = message.as_ref()?.len() + EACH;
            if waiting.bytes > 0 && waiting.bytes + next > MAX_WAITING {
                return None;
            }
            waiting.bytes += next;
            waiting.messages.extend(message.take());
            Some(())
        })
        .await;
        Ok(())
    }

    /// Receives a message. Waits for one. Dropping the future loses none.
    ///
    /// # Errors
    /// If there is no channel of this name and there are too many others.
    pub async fn receive(&self, name: &str) -> Result<Bytes, TooManyChannels> {
        let user = self.user(name)?;
        let received = user.when(|waiting| {
            let message = waiting.messages.pop_front()?;
            waiting.bytes -= message.len() + EACH;
            Some(message)
        });
        Ok(received.await)
    }

    fn user<'a>(&'a self, name: &'a str) -> Result<User<'a>, TooManyChannels> {
        let mut channels = self.lock();
        if channels.len() >= MAX_CHANNELS && !channels.contains_key(name) {
            return Err(TooManyChannels);
        }
        let channel = channels.entry(name.to_owned()).or_default().clone();
        Ok(User {
            channels: self,
            name,
            channel: Some(channel),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Channel>>> {
        // Nothing panics while it is held.
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl User<'_> {
    /// Tries again whenever the channel has changed, until it comes to something.
    async fn when<R>(&self, mut attempt: impl FnMut(&mut Waiting) -> Option<R>) -> R {
        let Some(channel) = &self.channel else {
            return std::future::pending().await;
        };
        loop {
            let mut changed = pin!(channel.changed.notified());
            // From here on a change is noticed, also one before it is waited for.
            changed.as_mut().enable();
            let done = attempt(&mut channel.lock());
            if let Some(done) = done {
                channel.changed.notify_waiters();
                return done;
            }
            changed.await;
        }
    }
}

impl Channel {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Each critical section leaves it whole at every step.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        let mut channels = self.channels.lock();
        let channel = self.channel.take();
        // Besides this one only the map has it.
        let is_last = |channel: &Arc<Channel>| {
            Arc::strong_count(channel) == 2 && channel.lock().messages.is_empty()
        };
        if channel.as_ref().is_some_and(is_last) {
            channels.remove(self.name);
        }
    }
}

pub(super) async fn send(
    shared: Shared,
    ticket: Arc<Ticket>,
    request: SendMessage,
) -> Result<(), Refusal> {
    may_use(&ticket, &request.channel)?;
    let channels = &shared.guests.channels;
    let sent = channels.send(&request.channel, request.message).await;
    sent.map_err(|error| Refusal::Invalid(error.to_string()))
}

pub(super) async fn receive(
    shared: Shared,
    ticket: Arc<Ticket>,
    request: ReceiveMessage,
) -> Result<Option<Bytes>, Refusal> {
    may_use(&ticket, &request.channel)?;
    let received = shared.guests.channels.receive(&request.channel);
    let received = match request.wait_ms {
        None => received.await,
        Some(ms) => match tokio::time::timeout(Duration::from_millis(ms), received).await {
            Ok(received) => received,
            Err(_) => return Ok(None),
        },
    };
    received
        .map(Some)
        .map_err(|error| Refusal::Invalid(error.to_string()))
}

fn may_use(ticket: &Ticket, channel: &str) -> Result<(), Refusal> {
    if ticket.policy.may_use_channel(channel) {
        return Ok(());
    }
    Err(ticket.denied(&format!("to use the channel `{channel}`")))
}

#[cfg(test)]
mod tests;
