//! The shell around each router: obeys its commands, and tells it what came of them.

use crate::world::{Event, LAST_ACT, World};
use proto::message::Down;
use proto::router::{Input, Output};
use proto::{Body, CallId, ContextId, Handle, RequestId};

impl World {
    pub fn input(&mut self, node: usize, input: Input) {
        let instant = self.instant();
        self.nodes[node].router.handle(instant, input);
        self.obey(node);
    }

    pub fn obey(&mut self, node: usize) {
        let mut ends = false;
        while let Some(output) = self.nodes[node].router.poll_output() {
            let me = self.nodes[node].id;
            self.say(|| format!("{me:?}: {output:?}"));
            match output {
                Output::Send { link, frame } => self.transmit(node, link, &frame),
                Output::Execute { call, from, body } => self.execute(node, call, from, &body),
                Output::Cancel { call } => {
                    self.check.ended(me, call, "cancelled");
                    self.nodes[node].executing.remove(&call);
                }
                Output::Deliver(message) => self.check.delivered(me, &message),
                Output::Reply { request, reply } => {
                    let harm = self.wires.iter().any(|wire| wire.harmed);
                    self.check.replied(me, request, &reply, harm);
                }
                Output::Close { link, why } => self.forget(node, link, &why),
                Output::Shutdown => ends = true,
                Output::Violation { .. } => self.check.seen.note("violation"),
            }
        }
        if ends && self.nodes[node].alive {
            self.end(node);
        }
        let timeout = self.nodes[node].router.poll_timeout();
        self.nodes[node].timeout = timeout.map(|(at, _why)| at - self.start);
    }

    fn execute(&mut self, node: usize, call: CallId, from: ContextId, body: &Body) {
        let mark = self.check.executed(self.nodes[node].id, call, from, body);
        self.nodes[node].executing.insert(call, mark);
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
        let (mark, dst) = match self.nodes[node].executing.remove(&call) {
            Some(mark) => {
                self.check.ended(me, call, "finished");
                (Some(mark), self.check.origin(mark))
            }
            // It was cancelled in the very moment in which it came to its end.
            None => {
                self.check.seen.note("finished after cancel");
                (None, ContextId::MASTER)
            }
        };
        let mark = self.check.sent(me, (me, me), dst, Handle::NONE, mark);
        let body = self.body(mark);
        self.input(node, Input::Finished { call, body });
    }

    pub fn abandon(&mut self, node: usize, request: RequestId) {
        let me = self.nodes[node].id;
        if self.nodes[node].alive {
            self.say(|| format!("{me:?} abandons {request:?}"));
            self.check.abandoned(me, request);
            self.input(node, Input::Abandon { request });
        }
    }

    /// A context comes to its end, and all that it had.
    fn end(&mut self, node: usize) {
        let me = self.nodes[node].id;
        self.say(|| format!("{me:?} ends"));
        self.check.seen.note("shut down");
        self.nodes[node].alive = false;
        for (link, (wire, _)) in self.nodes[node].links.clone() {
            self.wires[wire].harmed = true;
            self.lose(node, link, Down::ClosedHere);
        }
    }
}
