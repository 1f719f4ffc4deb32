//! Senders that have something to send, as long as their accounts of `proto::flow` allow it.

use crate::receivers::Receiver;
use crate::world::{Event, World, marked};
use proto::flow::{Allowance, cost};
use proto::message::{Address, Dead, DeadReason};
use proto::router::{Accept, Input};
use proto::{Body, ContextId, Flags, Handle, LinkId};
use std::collections::VecDeque;

pub struct Sender {
    to: Address,
    /// The way that it was opened on, which it keeps.
    link: Option<LinkId>,
    allowance: Allowance,
    flags: Flags,
    /// How long each of the frames is that are left to be sent.
    left: VecDeque<usize>,
    /// Ends after so many, without having sent all.
    aborts: bool,
    /// It will be asked again whether it has something to send.
    due: bool,
}

impl World {
    /// A receiver in one context, and a sender to it in another.
    pub fn channel(&mut self, from: usize, to: usize, accept: Accept, frames: VecDeque<usize>) {
        let (me, context) = (self.nodes[from].id, self.nodes[to].id);
        let window = *self.rng.pick(&[0, 0, 300_000]);
        let slow = self.rng.percent(20);
        let handle = self.nodes[to].router.listen(accept);
        self.nodes[to].model.listens(handle, accept);
        self.nodes[to]
            .receivers
            .insert(handle, Receiver::new(window, slow));
        let address = Address { context, handle };
        let link = self.nodes[from].router.towards(context);
        let opened = self.nodes[from].router.open(address);
        self.nodes[from].model.opened(address, opened.clone().ok());
        let Ok(sender) = opened else {
            return;
        };
        self.say(|| format!("{me:?} sends {frames:?} to {address:?} from {sender:?}"));
        self.channels.push((me, context, 300_000));
        // Long ones are streams: pieces wait behind all else, and messages do not.
        let bulk = frames.iter().any(|len| *len > 1000) || self.rng.percent(60);
        let aborts = self.rng.percent(15);
        self.nodes[from].senders.insert(
            sender,
            Sender {
                to: address,
                link,
                allowance: Allowance::default(),
                flags: if bulk { Flags::BULK } else { Flags::NONE },
                left: frames,
                aborts,
                due: true,
            },
        );
        self.within(10, Event::Pump(from, sender));
    }

    /// A sender sends what it may.
    pub fn pump(&mut self, node: usize, handle: Handle) {
        let me = self.nodes[node].id;
        for _ in 0..3 {
            let Some(sender) = self.nodes[node].senders.get_mut(&handle) else {
                return;
            };
            sender.due = false;
            let (to, link, flags) = (sender.to, sender.link, sender.flags);
            let greedy = self.check.tree.hostile.contains(&me);
            if !sender.allowance.is_left() && !greedy {
                return self.check.seen.note("channel: waits for credit");
            }
            if !self.has_room_on(node, link) {
                self.check.seen.note("waits for room");
                break;
            }
            let Some(sender) = self.nodes[node].senders.get_mut(&handle) else {
                return;
            };
            if sender.aborts && sender.left.len() < 3 {
                return self.abort(node, handle);
            }
            let Some(len) = sender.left.pop_front() else {
                // The end.
                let body = Body::raw(flags, bytes::Bytes::new());
                self.input(
                    node,
                    Input::Channel {
                        sender: handle,
                        body,
                    },
                );
                return self.close_sender(node, handle);
            };
            let mark = self.check.sent((me, me), to.context, to.handle, None);
            let body = marked(flags, mark, len);
            let bytes = cost(body.bytes().len());
            sender.allowance.spend(bytes);
            if greedy {
                self.forged += usize::try_from(bytes).expect("it is a frame");
            }
            self.input(
                node,
                Input::Channel {
                    sender: handle,
                    body,
                },
            );
        }
        self.pump_again(node, handle, 30);
    }

    fn pump_again(&mut self, node: usize, handle: Handle, ms: usize) {
        if let Some(sender) = self.nodes[node].senders.get_mut(&handle)
            && !std::mem::replace(&mut sender.due, true)
        {
            self.within(ms, Event::Pump(node, handle));
        }
    }

    fn abort(&mut self, node: usize, handle: Handle) {
        let to = self.nodes[node].senders[&handle].to;
        let at = self.nodes[node].id;
        self.end_stream(node, to.context, to.handle, DeadReason::Crashed, at);
        self.close_sender(node, handle);
    }

    /// Tells the other end of a channel that this one is closed.
    pub fn end_stream(
        &mut self,
        node: usize,
        to: ContextId,
        handle: Handle,
        reason: DeadReason,
        at: ContextId,
    ) {
        let body = Body::new(&Dead { reason, at }).expect("it can be encoded");
        self.tell(node, to, (handle, Handle::IS_DEAD), body);
    }

    fn close_sender(&mut self, node: usize, handle: Handle) {
        self.nodes[node].senders.remove(&handle);
        self.nodes[node].router.close(handle);
        self.nodes[node].model.closed(handle);
    }

    pub fn credit(&mut self, node: usize, handle: Handle, bytes: u64) {
        self.check.seen.note("channel: credit");
        let me = self.nodes[node].id;
        if let Some(sender) = self.nodes[node].senders.get_mut(&handle) {
            sender.allowance.grant(bytes, u64::MAX);
            // A hostile receiver grants what it likes, and no hop on the way knows.
            if !self.check.tree.is_clean(me, sender.to.context) {
                self.forged += sender.left.iter().sum::<usize>();
            }
            self.pump_again(node, handle, 1);
        }
    }

    pub fn sender_ended(&mut self, node: usize, handle: Handle, why: &Dead) {
        let sender = self.nodes[node].senders.remove(&handle);
        let sender = sender.expect("a sender that has ended already");
        let (me, to) = (self.nodes[node].id, sender.to.context);
        let clean = self.check.tree.is_clean(me, to);
        self.check.seen.note(match why.reason {
            DeadReason::Closed => "channel: ended: closed",
            DeadReason::InvalidHandle => "channel: ended: invalid handle",
            DeadReason::LinkDown(_) => "channel: ended: link down",
            DeadReason::NoRoute(_) => "channel: ended: no route",
            DeadReason::Unauthorised => "channel: ended: unauthorised",
            DeadReason::Overrun => {
                assert!(!clean, "{me:?} has sent more than it may");
                "channel: ended: overrun"
            }
            _ => {
                assert!(!clean, "a sender was ended: {why}");
                "channel: ended: forged"
            }
        });
    }

    pub fn close_senders(&mut self, node: usize) {
        for handle in self.nodes[node].senders.keys().copied().collect::<Vec<_>>() {
            self.close_sender(node, handle);
        }
    }
}
