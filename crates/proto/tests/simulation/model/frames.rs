//! What a router must do with a frame: believe it or not, keep it or pass it on.

use super::{Job, Model, Neighbour, Thing, encoded};
use crate::network::LIMITS;
use proto::message::{Credit, Dead, DeadReason};
use proto::router::{Accept, Message, Output, Violation};
use proto::{Body, ContextId, Flags, Frame, Handle, Header, LinkId};

impl Model {
    pub(super) fn frame(&mut self, link: LinkId, frame: &Frame, did: &[Output]) {
        let Some(from) = self.links.get(&link).copied() else {
            return;
        };
        let header = frame.header;
        let Header { src, auth, dst, .. } = header;
        let lives_there = |it: ContextId| it != self.me && self.way(it) == Some(link);
        if !lives_there(src) {
            self.violation(link, Violation::SpoofedSource(src));
        } else if !lives_there(auth) {
            self.violation(link, Violation::SpoofedAuthority(auth));
        } else if dst != self.me {
            self.pass_on(link, from, frame);
        } else if let Some(broken) = self.broken(from, &header) {
            self.violation(link, broken);
            self.refuse(&header, DeadReason::Unauthorised);
        } else if header.handle.is_dynamic() {
            self.dynamic(link, from, frame, did);
        } else {
            self.well_known(link, from, frame, did);
        }
    }

    /// Whoever waits for an answer is told that there will be none.
    pub(super) fn refuse(&mut self, header: &Header, reason: DeadReason) {
        if header.reply_to.is_dynamic() && header.handle != Handle::CANCEL {
            let body = encoded(&self.dead(reason));
            self.send(header.src, header.reply_to, Handle::IS_DEAD, &body);
        }
    }

    fn pass_on(&mut self, from: LinkId, neighbour: Neighbour, frame: &Frame) {
        let header = frame.header;
        let (src, dst) = (header.src, header.dst);
        let Some(link) = self.way(dst).filter(|link| *link != from) else {
            return self.refuse(&header, DeadReason::NoRoute(dst));
        };
        if !self.siblings && !neighbour.up && !self.links[&link].up {
            self.violation(from, Violation::Sideways { src, dst });
            return self.refuse(&header, DeadReason::Unauthorised);
        }
        for (link, other) in [(from, dst), (link, src)] {
            let of_interest = other != self.me && !self.parents.contains(&other);
            if self.siblings && !self.links[&link].up && of_interest {
                self.talked.entry(link).or_default().insert(other);
            }
        }
        let frame = frame.clone();
        self.expected.push(Output::Send { link, frame });
    }

    /// Was it sent on the authority of a context above?
    fn is_above(&self, from: Neighbour, header: &Header) -> bool {
        from.up && self.parents.contains(&header.auth)
    }

    /// The table of handles.
    fn broken(&self, from: Neighbour, header: &Header) -> Option<Violation> {
        let (src, handle) = (header.src, header.handle);
        if header.flags == Flags::BULK && !handle.is_dynamic() {
            return Some(Violation::UnexpectedBulk { src, handle });
        }
        let above = self.is_above(from, header);
        let child = !from.up && from.peer == src;
        let not_a_parent = Some(Violation::NotAParent { src, handle });
        let not_a_child = Some(Violation::NotAChild { src, handle });
        match handle.0 {
            101 | 106 | 107 | 108 | 113 | 125 | 126 | 127 if !above => not_a_parent,
            109 if !above && !child => not_a_parent,
            100 | 103 | 105 | 112 if !child => not_a_child,
            102 if from.up => not_a_child,
            104 if from.peer != src => not_a_child,
            _ => None,
        }
    }

    fn well_known(&mut self, link: LinkId, from: Neighbour, frame: &Frame, did: &[Output]) {
        let header = frame.header;
        let src = header.src;
        let body = Body::raw(header.flags, frame.body.clone());
        match header.handle.0 {
            101 if self.executes => self.job(link, from, &header, &body, did),
            110 | 125 | 127 => self.job(link, from, &header, &body, did),
            121 => {
                let asked = |job: &Job| job.from == src && job.at == header.reply_to;
                let named = header.reply_to != Handle::NONE;
                let found = self.jobs.iter().find(|(_, job)| named && asked(job));
                if let Some(call) = found.map(|(call, _)| *call) {
                    self.jobs.remove(&call);
                    self.expected.push(Output::Cancel { call });
                }
            }
            122 => {
                let wants_reply = header.reply_to.is_dynamic();
                let to = if wants_reply {
                    header.reply_to
                } else {
                    Handle::PONG
                };
                self.send_over(link, src, to, Handle::NONE, &Body::empty());
            }
            123 => {}
            106 => self.expected.push(Output::Shutdown),
            103 => self.add(link, src, &body),
            104 => self.del(link, src, &body),
            105 => self.allocate_for(link, &header, did),
            109 if from.leaves => {}
            109 if !from.up => {
                self.links.entry(link).and_modify(|it| it.leaves = true);
                self.expected.push(Output::Detaching { link });
                if header.reply_to.is_dynamic() {
                    self.send(src, header.reply_to, Handle::NONE, &Body::empty());
                }
            }
            124 => self.credit(link, src, &body),
            100 | 102 | 107 | 108 | 109 | 112 | 113 | 126 => {
                let message = message(&header, body);
                self.expected.push(Output::Deliver(message));
            }
            _ => self.refuse(&header, DeadReason::InvalidHandle),
        }
    }

    fn job(&mut self, by: LinkId, from: Neighbour, header: &Header, body: &Body, did: &[Output]) {
        let (src, at, what) = (header.src, header.reply_to, header.handle);
        let function = what == Handle::CALL_FUNCTION;
        let alike = |job: &&Job| match job.what {
            Handle::CALL_FUNCTION => function,
            _ => !function && job.by == by,
        };
        let running = self.jobs.values().filter(alike).count();
        let most = if function {
            self.quotas.calls
        } else {
            self.quotas.services
        };
        if running >= most {
            return self.decline(header, body, DeadReason::Busy);
        }
        let mut jobs = self.jobs.values();
        if at != Handle::NONE && jobs.any(|job| job.from == src && job.at == at) {
            return self.decline(header, body, DeadReason::InvalidHandle);
        }
        let call = did.iter().find_map(|output| match output {
            Output::Execute { call, .. } if !self.jobs.contains_key(call) => Some(*call),
            _ => None,
        });
        let call = call.expect("it executes the call, under a new number");
        let from_above = self.is_above(from, header);
        let from = src;
        self.jobs.insert(call, Job { from, at, what, by });
        self.expected.push(Output::Execute {
            call,
            from,
            above: from_above,
            handle: what,
            body: body.clone(),
        });
    }

    /// The shell learns which functions are not called.
    fn decline(&mut self, header: &Header, body: &Body, reason: DeadReason) {
        if header.handle == Handle::CALL_FUNCTION {
            let (from, body) = (header.src, body.clone());
            let why = self.dead(reason.clone());
            self.expected.push(Output::Declined { from, body, why });
        }
        self.refuse(header, reason);
    }

    fn credit(&mut self, link: LinkId, src: ContextId, body: &Body) {
        let handle = Handle::CREDIT;
        let Ok(Credit { sender, bytes }) = body.decode(LIMITS) else {
            return self.violation(link, Violation::Malformed { src, handle });
        };
        match self.open.get(&sender) {
            Some(Thing::Sends { to, by }) if *by == link && to.context == src => {
                self.expected.push(Output::Credit { sender, bytes });
            }
            Some(_) => self.violation(link, Violation::UnexpectedReply { src }),
            None => {}
        }
    }

    fn dynamic(&mut self, link: LinkId, from: Neighbour, frame: &Frame, did: &[Output]) {
        let header = frame.header;
        let (src, handle) = (header.src, header.handle);
        let body = Body::raw(header.flags, frame.body.clone());
        let dead = header.reply_to == Handle::IS_DEAD;
        let unexpected = Violation::UnexpectedReply { src };
        let Some(thing) = self.open.get(&handle).copied() else {
            return self.refuse(&header, DeadReason::InvalidHandle);
        };
        if header.flags == Flags::BULK && !matches!(thing, Thing::Receives(_)) {
            self.violation(link, Violation::UnexpectedBulk { src, handle });
            return self.refuse(&header, DeadReason::Unauthorised);
        }
        match thing {
            Thing::Receives(accept) => {
                let accepted = match accept {
                    Accept::Anyone => true,
                    Accept::Above => self.is_above(from, &header),
                    Accept::Context(context) => context == src,
                };
                if accepted {
                    let message = message(&header, body);
                    self.expected.push(Output::Received(message));
                } else {
                    self.violation(link, Violation::NotAccepted { src });
                    self.refuse(&header, DeadReason::Unauthorised);
                }
            }
            Thing::Awaits { who, of, by, .. } => {
                if link != by || (src != of && !(dead && self.is_between(src, of, by))) {
                    self.violation(link, unexpected);
                } else if dead {
                    self.open.remove(&handle);
                    self.answered(who, Err(said(&body, src)), did);
                } else if header.reply_to == Handle::NONE {
                    self.open.remove(&handle);
                    self.answered(who, Ok(body), did);
                } else {
                    self.violation(link, unexpected);
                    self.refuse(&header, DeadReason::Unauthorised);
                }
            }
            Thing::Sends { to, by } => {
                if link == by && dead && self.is_between(src, to.context, by) {
                    self.open.remove(&handle);
                    let (sender, why) = (handle, said(&body, src));
                    self.expected.push(Output::Ended { sender, why });
                } else {
                    self.violation(link, unexpected);
                }
            }
        }
    }

    /// Is a context on the way to another, or that one itself? Of what is not below, or was asked before it was known
    /// that it is, the way up is all that is known.
    fn is_between(&self, it: ContextId, other: ContextId, by: LinkId) -> bool {
        if self.parents.contains(&other) {
            let mut up = self.parents.iter().take_while(|it| **it != other);
            return it == other || up.any(|hop| *hop == it);
        }
        let parent = |it: &ContextId| self.below.get(it).map(|(_, parent)| *parent);
        let mut line = std::iter::successors(Some(other), parent);
        let is_known = self.below.get(&other).is_some_and(|(link, _)| *link == by);
        if is_known {
            line.any(|hop| hop == it)
        } else {
            it == other || self.parents.contains(&it)
        }
    }
}

fn message(header: &Header, body: Body) -> Message {
    Message {
        handle: header.handle,
        src: header.src,
        reply_to: header.reply_to,
        body,
    }
}

/// What a dead reply says; one that cannot be read says so.
fn said(body: &Body, at: ContextId) -> Dead {
    body.decode(LIMITS).unwrap_or_else(|error| {
        let reason = DeadReason::Malformed(error.to_string());
        Dead { reason, at }
    })
}
