//! The inside of a receiver: what has come, from whom, and what each may still send.

use super::MAX_WINDOW;
use super::receiver::{Item, Received};
use super::refused::Refused;
use super::senders::Senders;
use bytes::Bytes;
use proto::flow::{Window, cost};
use proto::message::{Dead, DeadReason};
use proto::router::{Accept, Message};
use proto::{Body, ContextId, Flags, Handle, Limits, LinkId};
use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The longest word of a sender about why it ends.
const ABORT: Limits = Limits { max_body: 64 << 10 };

/// One sender: its context and its handle there.
pub(super) type Key = (ContextId, Handle);

#[derive(Debug)]
pub(crate) struct Inbox {
    accept: Accept,
    window: u64,
    state: Mutex<State>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Received>,
    senders: Senders,
    refused: Refused,
    /// The one context that may send is gone, and whoever waits was told.
    missed: bool,
}

impl State {
    /// May this sender, which is not known, be let in?
    fn has_place(&self, key: Key, via: Option<LinkId>) -> bool {
        self.senders.has_place(key.0, via)
            && !self.refused.contains(key)
            && self.refused.is_complete(key.0)
    }
}

/// Whatever senders a context may have.
pub(super) fn all_of(context: ContextId) -> RangeInclusive<Key> {
    (context, Handle(0))..=(context, Handle(u32::MAX))
}

/// What the other side of a channel is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    /// It may send more.
    Grant(u64),
    /// It is over.
    End(DeadReason),
}

impl Inbox {
    pub(crate) fn new(accept: Accept, window: u64) -> Arc<Self> {
        Arc::new(Self {
            accept,
            window: window.min(MAX_WINDOW),
            state: Mutex::default(),
            filled: Notify::new(),
        })
    }

    /// Something came from behind this link. Gives what to tell whoever sent it.
    pub(crate) fn came(&self, message: Message, via: Option<LinkId>, me: ContextId) -> Told {
        let (src, body) = (message.src, message.body);
        if message.reply_to == Handle::IS_DEAD {
            self.aborted(src, via, &body);
            return Told::Nothing;
        }
        let key = (src, message.reply_to);
        let mut state = self.lock();
        let mut granted = 0;
        if !state.senders.contains(key) {
            // With its end a sender has said its last, so there is nothing to remember of it.
            let is_end = body.bytes().is_empty();
            if state.refused.contains(key) {
                // What it sent before it could know.
                if is_end {
                    state.refused.forgive(key);
                }
                return Told::Nothing;
            }
            if !state.has_place(key, via) {
                if !is_end {
                    state.refused.add(key);
                }
                return Told::End(DeadReason::Quota);
            }
            let (window, grant) = Window::new(self.window);
            state.senders.add(key, via, window);
            granted = grant;
        }
        let Some(source) = state.senders.get_mut(key) else {
            return Told::Nothing;
        };
        if source.ended {
            return Told::Nothing;
        }
        let price = cost(body.bytes().len());
        if source.window.came(price).is_err() {
            source.ended = true;
            source.waiting += 1;
            let item = Item::Dead(Dead {
                reason: DeadReason::Overrun,
                at: me,
            });
            state.queue.push_back(Received::new(src, key.1, item, 0));
            state.refused.add(key);
            drop(state);
            self.filled.notify_one();
            return Told::End(DeadReason::Overrun);
        }
        let item = if body.bytes().is_empty() {
            source.ended = true;
            Item::End
        } else if body.flags().contains(Flags::BULK) {
            Item::Bytes(body.bytes().clone())
        } else {
            Item::Message(body)
        };
        source.waiting += 1;
        state
            .queue
            .push_back(Received::new(src, key.1, item, price));
        drop(state);
        self.filled.notify_one();
        if granted > 0 {
            Told::Grant(granted)
        } else {
            Told::Nothing
        }
    }

    /// A sender says that it is gone: which one, or else all that its context has here.
    fn aborted(&self, src: ContextId, via: Option<LinkId>, body: &Body) {
        // What ends a byte stream travels among its pieces.
        let body = Body::raw(Flags::NONE, body.bytes().clone());
        let (why, tail) = body.split(ABORT).unwrap_or_else(|error| {
            let reason = DeadReason::Malformed(error.to_string());
            (Dead { reason, at: src }, Bytes::new())
        });
        let sender = tail.as_ref().try_into().map(u32::from_be_bytes).map(Handle);
        let key = (src, sender.unwrap_or(Handle::NONE));
        match sender {
            Ok(_) if self.lock().refused.forgive(key) => {}
            Ok(_) => {
                self.end(|it| *it == key, &why);
                self.end_unknown(key, via, &why);
            }
            Err(_) => {
                if !self.end(|(context, _)| *context == src, &why) {
                    self.end_unknown(key, via, &why);
                }
            }
        }
    }

    /// One that has ended before it said anything else: whoever waits for it must learn that, too.
    fn end_unknown(&self, key: Key, via: Option<LinkId>, why: &Dead) {
        let mut state = self.lock();
        if state.senders.contains(key) || !state.has_place(key, via) {
            return;
        }
        let (window, _) = Window::new(self.window);
        let source = state.senders.add(key, via, window);
        source.waiting = 1;
        source.ended = true;
        let item = Item::Dead(why.clone());
        state.queue.push_back(Received::new(key.0, key.1, item, 0));
        drop(state);
        self.filled.notify_one();
    }

    /// These contexts are gone.
    pub(crate) fn gone(&self, is_gone: impl Fn(ContextId) -> bool, why: &Dead) {
        let told = self.end(|(context, _)| is_gone(*context), why);
        let mut state = self.lock();
        state.refused.gone(&is_gone);
        // Whoever waits for one context would wait for ever if it had not said anything yet, or had ended all that
        // it said. It does not come back, so once is enough.
        if let Accept::Context(only) = self.accept
            && is_gone(only)
            && !std::mem::replace(&mut state.missed, true)
            && !told
        {
            let item = Item::Dead(why.clone());
            let missed = Received::new(only, Handle::NONE, item, 0);
            state.queue.push_back(missed);
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Ends all senders to which this applies. False if there were none that had not ended.
    fn end(&self, is_over: impl Fn(&Key) -> bool, why: &Dead) -> bool {
        let mut state = self.lock();
        let State { queue, senders, .. } = &mut *state;
        let mut ended = false;
        for (key, source) in senders.live_mut() {
            if is_over(&key) {
                source.ended = true;
                source.waiting += 1;
                queue.push_back(Received::new(key.0, key.1, Item::Dead(why.clone()), 0));
                ended = true;
            }
        }
        drop(state);
        self.filled.notify_one();
        ended
    }

    /// Waits for the next thing, and gives what its sender may now be granted.
    pub(crate) async fn take(&self) -> (Received, Option<u64>) {
        loop {
            if let Some(taken) = self.try_take() {
                return taken;
            }
            // One that came in between has left a permit; there is one reader.
            self.filled.notified().await;
        }
    }

    pub(crate) fn try_take(&self) -> Option<(Received, Option<u64>)> {
        let mut state = self.lock();
        let received = state.queue.pop_front()?;
        let key = (received.from, received.sender);
        let mut grant = None;
        if let Some(source) = state.senders.get_mut(key) {
            source.waiting = source.waiting.saturating_sub(1);
            if !source.ended {
                grant = source.window.took(received.cost);
            } else if source.waiting == 0 {
                state.senders.remove(key);
            }
        }
        Some((received, grant))
    }

    /// Resolves when something has come since it was last looked.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Those who would go on sending.
    pub(crate) fn senders(&self) -> Vec<Key> {
        self.lock().senders.live().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
