//! Receivers that take what comes when they like, with an account of `proto::flow` for each sender.

use crate::checkers::mark_of;
use crate::network::LONGEST;
use crate::world::{Event, World};
use proto::flow::{Window, cost};
use proto::message::{Credit, DeadReason, INITIAL_CREDIT};
use proto::router::Message;
use proto::{Body, ContextId, Flags, Handle};
use std::collections::{BTreeMap, VecDeque};

pub struct Receiver {
    window: u64,
    /// It takes its time.
    slow: bool,
    streams: BTreeMap<(ContextId, Handle), Stream>,
}

/// What one sender has sent.
struct Stream {
    account: Window,
    waiting: VecDeque<u64>,
    /// It has ended, whatever still comes.
    over: bool,
}

impl Receiver {
    pub fn new(window: u64, slow: bool) -> Self {
        Self {
            window,
            slow,
            streams: BTreeMap::new(),
        }
    }
}

impl World {
    /// Something came for a receiver.
    pub fn received(&mut self, node: usize, message: Message) {
        let me = self.nodes[node].id;
        let Message {
            handle,
            src,
            reply_to,
            body,
        } = message;
        let receiver = self.nodes[node].receivers.get_mut(&handle);
        let receiver = receiver.expect("a receiver that is closed");
        if reply_to == Handle::IS_DEAD {
            self.check.seen.note("channel: aborted");
            let streams = receiver.streams.iter_mut();
            streams
                .filter(|((from, _), _)| *from == src)
                .for_each(|(_, stream)| stream.over = true);
            return;
        }
        let key = (src, reply_to);
        let (window, slow) = (receiver.window, receiver.slow);
        let is_new = !receiver.streams.contains_key(&key);
        let (account, first) = Window::new(window);
        let stream = receiver.streams.entry(key).or_insert(Stream {
            account,
            waiting: VecDeque::new(),
            over: false,
        });
        if body.bytes().is_empty() {
            stream.over = true;
            self.check.seen.note("channel: ended whole");
            return;
        }
        let bytes = cost(body.bytes().len());
        let came = stream.account.came(bytes);
        if came.is_ok() {
            stream.waiting.push_back(bytes);
        }
        let held: u64 = stream.waiting.iter().sum();
        let most = window.max(INITIAL_CREDIT) + LONGEST as u64;
        assert!(held <= most, "{held} bytes wait at a receiver");
        let over = stream.over;
        self.check.arrival(me, src, handle, &body);
        self.check.seen.note(if body.flags() == Flags::BULK {
            "channel: piece"
        } else {
            "channel: message"
        });
        if over {
            return;
        }
        if came.is_err() {
            return self.overrun(node, handle, key, &body);
        }
        if is_new && first > 0 {
            self.grant(node, key, first);
        }
        let ms = if slow {
            6000
        } else {
            *self.rng.pick(&[1, 1, 20, 200])
        };
        self.within(ms, Event::Take(node, handle, key));
    }

    fn overrun(
        &mut self,
        node: usize,
        handle: Handle,
        (src, sender): (ContextId, Handle),
        body: &Body,
    ) {
        let me = self.nodes[node].id;
        let clean = self.check.tree.is_clean(me, src);
        assert!(
            !clean,
            "{src:?} sent more than it may: mark {}",
            mark_of(body)
        );
        self.check.seen.note("channel: overrun");
        self.end_stream(node, src, sender, DeadReason::Overrun, me);
        if let Some(receiver) = self.nodes[node].receivers.get_mut(&handle)
            && let Some(stream) = receiver.streams.get_mut(&(src, sender))
        {
            stream.over = true;
        }
    }

    fn grant(&mut self, node: usize, (to, sender): (ContextId, Handle), bytes: u64) {
        let body = Body::new(&Credit { sender, bytes }).expect("it can be encoded");
        self.tell(node, to, (Handle::CREDIT, Handle::NONE), body);
    }

    /// A receiver takes one of the frames that wait.
    pub fn take(&mut self, node: usize, handle: Handle, key: (ContextId, Handle)) {
        let receivers = &mut self.nodes[node].receivers;
        let Some(stream) = receivers
            .get_mut(&handle)
            .and_then(|it| it.streams.get_mut(&key))
        else {
            return;
        };
        if let Some(cost) = stream.waiting.pop_front()
            && let Some(grant) = stream.account.took(cost)
            && !stream.over
        {
            self.grant(node, key, grant);
        }
    }

    /// A receiver wants no more.
    pub fn close_receiver(&mut self, node: usize, handle: Handle) {
        let Some(receiver) = self.nodes[node].receivers.remove(&handle) else {
            return;
        };
        self.nodes[node].router.close(handle);
        self.nodes[node].model.closed(handle);
        let me = self.nodes[node].id;
        for ((src, sender), stream) in receiver.streams {
            if !stream.over && sender.is_dynamic() {
                self.check.seen.note("channel: abandoned by its receiver");
                self.end_stream(node, src, sender, DeadReason::Closed, me);
            }
        }
    }

    /// Contexts are gone, and what they would have sent.
    pub fn streams_gone(&mut self, node: usize, contexts: &[ContextId]) {
        for receiver in self.nodes[node].receivers.values_mut() {
            for ((src, _), stream) in &mut receiver.streams {
                if contexts.contains(src) && !std::mem::replace(&mut stream.over, true) {
                    self.check.seen.note("channel: gone");
                }
            }
        }
    }

    /// All receivers stop, once nobody sends any more.
    pub fn close_receivers(&mut self) {
        for node in 0..self.nodes.len() {
            for handle in self.nodes[node]
                .receivers
                .keys()
                .copied()
                .collect::<Vec<_>>()
            {
                self.close_receiver(node, handle);
            }
        }
    }

    /// A context ends, with both ends of all its channels.
    pub fn close_channels(&mut self, node: usize) {
        for handle in self.nodes[node]
            .receivers
            .keys()
            .copied()
            .collect::<Vec<_>>()
        {
            self.close_receiver(node, handle);
        }
        self.close_senders(node);
    }
}
