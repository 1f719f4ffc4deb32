//! The shell around each router: obeys its commands, and tells it what came of them.

use crate::network::LONGEST;
use crate::seen;
use crate::world::{Event, LAST_ACT, World, marked};
use proto::message::{Dead, DeadReason, Down};
use proto::router::{Input, Output, Violation};
use proto::{Body, CallId, ContextId, Flags, Handle, LinkId, RequestId};
use std::time::Duration;

impl World {
    pub fn input(&mut self, node: usize, input: Input) {
        let instant = self.instant();
        let it = &mut self.nodes[node];
        it.router.handle(instant, input.clone());
        let outputs: Vec<_> = std::iter::from_fn(|| it.router.poll_output()).collect();
        it.model.saw(&input, &outputs);
        self.obey(node, outputs);
    }

    /// Its router's time has come. What a context could hear if it read is no silence.
    pub fn wake(&mut self, node: usize) {
        for (link, (wire, side)) in self.nodes[node].links.clone() {
            if self.wires[wire].ends[side].paused && !self.wires[wire].ways[1 - side].silent {
                self.input(node, Input::Heard { link });
            }
        }
        let instant = self.instant();
        let it = &mut self.nodes[node];
        it.router.handle_timeout(instant);
        let outputs: Vec<_> = std::iter::from_fn(|| it.router.poll_output()).collect();
        let waits = !it.model.has_told_all();
        it.model.waited(&outputs);
        if waits && !it.model.has_told_all() {
            self.check.seen.note("told in parts");
        }
        self.obey(node, outputs);
    }

    fn obey(&mut self, node: usize, outputs: Vec<Output>) {
        let timeout = self.nodes[node].router.poll_timeout();
        self.nodes[node].timeout = timeout.map(|(at, _why)| at - self.start);
        let mut ends = false;
        for output in outputs {
            let me = self.nodes[node].id;
            self.say(|| format!("{me:?}: {output:?}"));
            match output {
                Output::Send { link, frame } => self.transmit(node, link, &frame),
                Output::Execute {
                    call,
                    from,
                    above,
                    handle,
                    body,
                } => {
                    let is_above = self.check.tree.is_above(from, me);
                    let told_truly = !self.check.tree.is_tainted(me);
                    assert!(above == is_above || !told_truly, "{from:?} above {me:?}");
                    let mark = self.check.executed(me, call, (from, handle), &body);
                    self.execute(node, call, (mark, from));
                }
                Output::Declined { .. } => self.check.seen.note("declined"),
                Output::Cancel { call } => {
                    self.check.ended(me, call, "cancelled");
                    self.nodes[node].executing.remove(&call);
                }
                Output::Deliver(message) if message.handle == Handle::DETACHING => {
                    self.input(node, Input::Detach);
                }
                Output::Deliver(message) => self.check.delivered(me, &message),
                Output::Reply { request, reply } => self.check.replied(me, request, &reply),
                Output::Received(message) => self.received(node, message),
                Output::Credit { sender, bytes } => self.credit(node, sender, bytes),
                Output::Ended { sender, why } => self.sender_ended(node, sender, &why),
                Output::Allocated { request, id } => self.allocated(node, request, id),
                Output::Joined { .. } | Output::Rearm => {}
                Output::Gone { contexts, .. } => self.gone(node, &contexts),
                Output::Detaching { link } => {
                    self.check.seen.note("detaching");
                    // The link will go, because its owner wants it to.
                    if let Some((wire, _)) = self.nodes[node].links.get(&link) {
                        self.wires[*wire].harmed = true;
                    }
                }
                Output::Detached { link } => {
                    self.check.seen.note("detached");
                    if self.nodes[node].links.contains_key(&link) {
                        self.lose(node, link, Down::ClosedHere);
                    }
                    self.within(1500, Event::Leave(node));
                }
                Output::Close { link, why } => self.close(node, link, &why),
                Output::Shutdown => ends = true,
                Output::Violation { violation, .. } => {
                    self.check.seen.note(seen::name(violation));
                    if let Violation::ForeignId { context, .. } = violation
                        && self.nodes[node].model.is_untold(context)
                    {
                        self.check.seen.note("comes again too soon");
                    }
                }
            }
        }
        if ends {
            self.end(node);
        }
    }

    fn close(&mut self, node: usize, link: LinkId, why: &Down) {
        if self.nodes[node].links.contains_key(&link) {
            self.forget(node, link, why);
        } else {
            self.check.seen.note("link: refused");
        }
    }

    fn gone(&mut self, node: usize, contexts: &[ContextId]) {
        let me = self.nodes[node].id;
        let tree = &self.check.tree;
        let below = contexts.iter().any(|it| tree.is_above(me, *it));
        let above = contexts.iter().any(|it| tree.is_above(*it, me));
        self.check.seen.note(if below || above {
            "gone"
        } else {
            "gone elsewhere"
        });
        self.streams_gone(node, contexts);
    }

    fn allocated(&mut self, node: usize, request: RequestId, id: Result<ContextId, Dead>) {
        if !self.nodes[node].expecting.remove(&request) {
            return;
        }
        match id {
            Ok(id) if self.nodes[node].alive => {
                self.check.seen.note("allocated");
                self.join(node, id);
            }
            Ok(_) => {}
            Err(_) => self.check.seen.note("allocated: none"),
        }
    }

    fn execute(&mut self, node: usize, call: CallId, asked: (u64, ContextId)) {
        self.nodes[node].executing.insert(call, asked);
        let for_ever = self.now < LAST_ACT && self.rng.percent(10);
        let ms = *self.rng.pick(&[1, 50, 1500]);
        if for_ever {
            self.at(LAST_ACT, Event::Finish(node, call));
        } else {
            self.within(ms, Event::Finish(node, call));
        }
    }

    pub fn finish(&mut self, node: usize, call: CallId) {
        if !self.nodes[node].alive {
            return;
        }
        let me = self.nodes[node].id;
        let asked = self.nodes[node].executing.get(&call).copied();
        if asked.is_some_and(|(_, from)| !self.has_room(node, from)) {
            self.check.seen.note("waits for room");
            return self.at(
                self.now + Duration::from_millis(40),
                Event::Finish(node, call),
            );
        }
        self.nodes[node].executing.remove(&call);
        let fails = self.rng.percent(10);
        let how = match asked {
            Some(_) if fails => "failed",
            Some(_) => "finished",
            // It was cancelled in the very moment in which it came to its end.
            None => "finished after cancel",
        };
        if asked.is_some() {
            self.check.ended(me, call, how);
        } else {
            self.check.seen.note(how);
        }
        if fails {
            let dead = Dead {
                reason: DeadReason::Crashed,
                at: me,
            };
            return self.input(node, Input::Failed { call, dead });
        }
        let (mark, from) = asked.unwrap_or((0, ContextId::MASTER));
        let answers = asked.is_some().then_some(mark);
        let mark = self.check.sent((me, me), from, Handle::NONE, answers);
        let body = self.body(mark);
        self.input(node, Input::Finished { call, body });
    }

    pub fn abandon(&mut self, node: usize, request: RequestId) {
        let me = self.nodes[node].id;
        if self.nodes[node].alive && self.check.abandoned(me, request) {
            self.say(|| format!("{me:?} abandons {request:?}"));
            self.input(node, Input::Abandon { request });
        }
    }

    /// Whether a context may send something there now.
    pub fn has_room(&self, node: usize, to: ContextId) -> bool {
        self.has_room_on(node, self.nodes[node].router.towards(to))
    }

    pub fn has_room_on(&self, node: usize, link: Option<LinkId>) -> bool {
        let wire = link.and_then(|link| self.nodes[node].links.get(&link));
        wire.is_none_or(|(wire, side)| self.wires[*wire].ways[*side].has_room())
    }

    /// Whoever cannot know any more whether there will be an answer waits no longer.
    pub fn give_up(&mut self, node: usize) {
        let me = self.nodes[node].id;
        for request in self.check.waiting(me) {
            self.abandon(node, request);
        }
        for request in std::mem::take(&mut self.nodes[node].expecting) {
            self.input(node, Input::Abandon { request });
        }
        self.close_senders(node);
    }

    /// The node of a context.
    pub fn node(&self, context: ContextId) -> usize {
        let node = self.nodes.iter().position(|node| node.id == context);
        node.expect("it is in the tree")
    }

    /// It has left, and what it had to do is done.
    pub fn leave(&mut self, node: usize) {
        if self.nodes[node].executing.is_empty() {
            self.end(node);
        } else {
            let soon = self.now + Duration::from_millis(100);
            self.at(soon, Event::Leave(node));
        }
    }

    /// A context comes to its end, and all that it had.
    fn end(&mut self, node: usize) {
        if !std::mem::take(&mut self.nodes[node].alive) {
            return;
        }
        let me = self.nodes[node].id;
        self.say(|| format!("{me:?} ends"));
        self.check.seen.note("shut down");
        for (link, (wire, _)) in self.nodes[node].links.clone() {
            self.wires[wire].harmed = true;
            self.lose(node, link, Down::ClosedHere);
        }
        self.close_channels(node);
        for request in std::mem::take(&mut self.nodes[node].expecting) {
            self.input(node, Input::Abandon { request });
        }
        // It was told to end before it had left.
        for call in std::mem::take(&mut self.nodes[node].executing).into_keys() {
            self.check.ended(me, call, "ended with its context");
            let (reason, at) = (DeadReason::Crashed, me);
            let dead = Dead { reason, at };
            self.input(node, Input::Failed { call, dead });
        }
        let load = self.nodes[node].router.load();
        assert_eq!(load, proto::router::Load::default(), "left over in {me:?}");
    }

    /// A message without a reply, if it may be sent.
    pub fn post(&mut self, node: usize, to: ContextId, handle: Handle, padding: usize) {
        assert!(padding < LONGEST);
        let me = self.nodes[node].id;
        let mark = self.check.sent((me, me), to, handle, None);
        let body = marked(Flags::NONE, mark, padding);
        self.tell(node, to, (handle, Handle::NONE), body);
    }

    pub fn tell(
        &mut self,
        node: usize,
        to: ContextId,
        (handle, reply_to): (Handle, Handle),
        body: Body,
    ) {
        self.input(
            node,
            Input::Post {
                to,
                handle,
                reply_to,
                body,
            },
        );
    }
}
