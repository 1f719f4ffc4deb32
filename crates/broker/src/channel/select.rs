//! Waits for several receivers at once.

use super::{Received, Receiver};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Receivers of which whatever comes first is taken, each with a key that says which it is. All have their turn: one
/// that is never empty does not keep the others waiting.
///
/// For a fixed number of things of different kinds, such as a call, a receiver and a deadline, `tokio::select!` is
/// shorter: every future of this crate that waits for something to come may be dropped there without losing anything.
#[derive(Debug)]
pub struct Select<K> {
    members: Vec<(K, Receiver)>,
    /// Whose turn it is to be looked at first.
    turn: usize,
}

impl<K> Default for Select<K> {
    fn default() -> Self {
        Self {
            members: Vec::new(),
            turn: 0,
        }
    }
}

impl<K: Clone + PartialEq> Select<K> {
    /// Adds a receiver. One that had the same key is given back.
    pub fn add(&mut self, key: K, receiver: Receiver) -> Option<Receiver> {
        let old = self.remove(&key);
        self.members.push((key, receiver));
        old
    }

    /// Gives a receiver back, with all that has not been taken from it.
    pub fn remove(&mut self, key: &K) -> Option<Receiver> {
        let at = self.members.iter().position(|(other, _)| other == key)?;
        Some(self.members.remove(at).1)
    }

    /// How many receivers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Is there no receiver?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Waits for the next thing that comes to any of them. None if there are none. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<(K, Received)> {
        if self.members.is_empty() {
            return None;
        }
        loop {
            if let Some(found) = self.try_next() {
                return Some(found);
            }
            let mut filled: Vec<_> = self
                .members
                .iter()
                .map(|(_, receiver)| Box::pin(receiver.filled()))
                .collect();
            let any = poll_fn(|context| {
                let ready = filled
                    .iter_mut()
                    .any(|one| one.as_mut().poll(context).is_ready());
                if ready {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            });
            pin!(any).await;
        }
    }

    /// The next thing, if one is here.
    pub fn try_next(&mut self) -> Option<(K, Received)> {
        let count = self.members.len();
        for step in 0..count {
            let at = (self.turn + step) % count;
            let (key, receiver) = &mut self.members[at];
            if let Some(received) = receiver.try_next() {
                let key = key.clone();
                self.turn = (at + 1) % count;
                return Some((key, received));
            }
        }
        None
    }
}
