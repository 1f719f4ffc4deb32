//! What a router must do when its own context asks, gives up, or has an answer for somebody.

use super::{Model, Thing, Who};
use crate::tree::is_call;
use proto::message::DeadReason;
use proto::router::Output;
use proto::{Body, CallId, ContextId, Handle, RequestId};

impl Model {
    pub(super) fn request(
        &mut self,
        request: RequestId,
        (to, what): (ContextId, Handle),
        body: &Body,
        did: &[Output],
    ) {
        if let Some(by) = self.way(to).filter(|_| to != self.me) {
            let who = Who::Shell(request);
            let of = to;
            let at = self.made(did, what, Thing::Awaits { who, of, what, by });
            self.send_over(by, to, what, at, body);
        } else {
            let reply = Err(self.dead(DeadReason::NoRoute(to)));
            self.expected.push(Output::Reply { request, reply });
        }
    }

    pub(super) fn ask_parent(&mut self, who: Who, what: Handle, did: &[Output]) -> bool {
        let Some((by, of)) = self.parent() else {
            return false;
        };
        let at = self.made(did, what, Thing::Awaits { who, of, what, by });
        self.send_over(by, of, what, at, &Body::empty());
        true
    }

    /// The handle that it made for what it asks now: any that is not in use.
    pub(super) fn made(&mut self, did: &[Output], what: Handle, thing: Thing) -> Handle {
        let made = did.iter().find_map(|output| match output {
            Output::Send { frame, .. } if frame.header.handle == what => {
                let at = frame.header.reply_to;
                (at.is_dynamic() && !self.open.contains_key(&at)).then_some(at)
            }
            _ => None,
        });
        let at = made.expect("it asks, and awaits the answer at a handle that is not in use");
        self.open.insert(at, thing);
        at
    }

    pub(super) fn abandon(&mut self, request: RequestId) {
        self.waiting.retain(|it| *it != request);
        let found = self.open.iter().find_map(|(at, thing)| match thing {
            Thing::Awaits { who, of, what, .. } if *who == Who::Shell(request) => {
                Some((*at, *of, *what))
            }
            _ => None,
        });
        if let Some((at, of, what)) = found {
            self.open.remove(&at);
            if is_call(what) {
                self.send(of, Handle::CANCEL, at, &Body::empty());
            }
        }
    }

    pub(super) fn finished(&mut self, call: CallId, reply_to: Handle, body: &Body) {
        if let Some(job) = self.jobs.remove(&call)
            && job.at.is_dynamic()
        {
            self.send(job.from, job.at, reply_to, body);
        }
    }
}
